"""Small colour profiles written by hand from the ICC specification, version 2, for tests.

A matrix profile's meaning can be worked out in closed form, so tests that use one do not depend on
the colour engine that they test.
"""

from __future__ import annotations

import struct

import numpy as np

# XYZ of the primaries of Display P3 and sRGB, adapted to D50 (columns: red, green, blue).
DISPLAY_P3 = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
D50 = (0.9642, 1.0, 0.8249)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(v) for v in values)


def _gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256)) + b"\0\0"


def _text(text: str) -> bytes:
    raw = text.encode("ascii") + b"\0"
    body = b"desc\0\0\0\0" + struct.pack(">I", len(raw)) + raw + bytes(4 + 4 + 2 + 1 + 67)
    return body + bytes(-len(body) % 4)


def _profile(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += name + struct.pack(">II", start + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    size = start + len(data)
    header = struct.pack(">I", size) + bytes(4) + struct.pack(">I", 0x02400000)
    header += kind + space + pcs + bytes(12) + b"acsp" + bytes(28)
    header += b"".join(_fixed(v) for v in D50) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + data


def matrix_profile(primaries: np.ndarray, gamma: float, name: str = "made for a test") -> bytes:
    """Profile of an RGB space: linear light is code ** gamma, XYZ is primaries @ light."""
    curve = _gamma(gamma)
    return _profile(
        b"mntr",
        b"RGB ",
        b"XYZ ",
        {
            b"desc": _text(name),
            b"wtpt": _xyz(D50),
            b"rXYZ": _xyz(tuple(primaries[:, 0])),
            b"gXYZ": _xyz(tuple(primaries[:, 1])),
            b"bXYZ": _xyz(tuple(primaries[:, 2])),
            b"rTRC": curve,
            b"gTRC": curve,
            b"bTRC": curve,
        },
    )


def grey_profile(gamma: float) -> bytes:
    """Profile of a grey space: luminance is code ** gamma."""
    return _profile(
        b"mntr",
        b"GRAY",
        b"XYZ ",
        {b"desc": _text("grey"), b"wtpt": _xyz(D50), b"kTRC": _gamma(gamma)},
    )


def cmyk_profile(lightness: float) -> bytes:
    """Profile of a press on which any ink at all gives a neutral of `lightness` (Lab L*).

    No ink is paper white; between the corners of the table colours are interpolated.
    """
    ramp = bytes(range(256))
    corners = [bytes([255, 128, 128])] + [bytes([round(lightness * 2.55), 128, 128])] * 15
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0])
    lut += b"".join(_fixed(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut += ramp * 4 + b"".join(corners) + ramp * 3
    tags = {b"desc": _text("press"), b"wtpt": _xyz(D50)}
    tags |= dict.fromkeys((b"A2B0", b"A2B1", b"A2B2"), lut)
    return _profile(b"prtr", b"CMYK", b"Lab ", tags)


def empty_profile(space: bytes) -> bytes:
    """Profile of a colour space, such as b"RGB ", that says nothing more about it."""
    return _profile(b"mntr", space, b"XYZ ", {})


def srgb_code(linear: np.ndarray) -> np.ndarray:
    """Linear light to sRGB code values (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
