"""From code values of any transfer function to the sRGB display range the metric works in.

The trunks were trained on sRGB images, so light is brought to the same form: linear light is
divided by a peak that becomes 1.0, converted to the primaries of sRGB, clipped to [0, 1] and
encoded with the sRGB curve. Whatever is clipped is recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from msds.errors import InputError

Doubles = npt.NDArray[np.float64]
Chromaticities = tuple[float, ...]
"""x and y of red, green, blue and white."""

PQ_CODE, HLG_CODE, LINEAR_CODE = 16, 18, 8
"""Transfer functions that are not displayed like sRGB, as ITU-T H.273 numbers them."""

_D65 = (0.3127, 0.3290)
SRGB_PRIMARIES: Chromaticities = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
BT2020_PRIMARIES: Chromaticities = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65)
_P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
_BT601_525 = (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65)
_NUMBERED: dict[int, Chromaticities] = {
    1: SRGB_PRIMARIES,
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),  # BT.601, 625 lines
    6: _BT601_525,
    7: _BT601_525,  # SMPTE 240M
    9: BT2020_PRIMARIES,
    11: (*_P3, 0.314, 0.351),
    12: (*_P3, *_D65),
}
_NAMES = {
    _NUMBERED[5]: "BT.601 ",
    _NUMBERED[6]: "BT.601 ",
    _NUMBERED[9]: "BT.2020 ",
    _NUMBERED[11]: "DCI P3 ",
    _NUMBERED[12]: "P3 ",
}

# SMPTE ST 2084.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_PQ_PEAK = 10000.0
# ITU-R BT.2100, hybrid log-gamma.
_HLG_A = 0.17883277
_HLG_B = 1 - 4 * _HLG_A
_HLG_C = 0.5 - _HLG_A * math.log(4 * _HLG_A)
_BT2020_LUMA = (0.2627, 0.6780, 0.0593)
_DEFAULT_PEAK = 1000.0

_EXPECTED = "expected 'srgb', 'pq', 'pq:PEAK', 'hlg', 'hlg:PEAK' or 'linear:PEAK'"


@dataclass(frozen=True)
class Transfer:
    """How code values are meant: ``"srgb"``, ``"pq"``, ``"hlg"`` or ``"linear"``, and the peak.

    The peak is what becomes 1.0: cd/m2 for PQ and HLG, a sample value for linear.
    """

    kind: str
    peak: float = 1.0


SRGB = Transfer("srgb")


def parse_transfer(text: str) -> Transfer:
    """Read ``"srgb"``, ``"pq[:PEAK]"``, ``"hlg[:PEAK]"`` or ``"linear:PEAK"``.

    PEAK is in cd/m2 for PQ (1000 if not given) and for HLG, where it is the nominal peak of the
    display (1000 if not given); for linear files it is the sample value that becomes 1.0.
    """
    kind, colon, peak_text = text.partition(":")
    try:
        peak = float(peak_text) if colon else _DEFAULT_PEAK
    except ValueError:
        peak = math.nan
    ok = {
        "srgb": not colon,
        "pq": 0 < peak <= _PQ_PEAK,
        "hlg": 0 < peak <= _PQ_PEAK,
        "linear": bool(colon) and 0 < peak < math.inf,
    }
    if not ok.get(kind, False):
        raise InputError(f"transfer is {text!r}; {_EXPECTED}, PEAK a positive number.")
    return Transfer(kind, 1.0 if kind == "srgb" else peak)


def numbered_primaries(code: int) -> Chromaticities | None:
    """Primaries by their number in ITU-T H.273; None for sRGB's, and for those not stated."""
    primaries = _NUMBERED.get(code)
    return None if primaries == SRGB_PRIMARIES else primaries


def to_display(
    rgb: npt.NDArray[np.float32], transfer: Transfer, primaries: Chromaticities | None
) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Bring code values to sRGB.

    Parameters
    ----------
    rgb : (H, W, 3) code values; 1.0 is the greatest code of integer files.
    transfer : how they are meant.
    primaries : of the file; None is sRGB's, or for PQ and HLG those of BT.2020.

    Returns
    -------
    (H, W, 3) float32 in [0, 1], and notes of what was done.
    """
    if transfer == SRGB and primaries is None:
        return rgb, []
    code = rgb.astype(np.float64)
    notes: list[str] = []
    if transfer.kind == "srgb":
        light = srgb_to_light(code)
    elif transfer.kind == "linear":
        light = code / transfer.peak
        notes.append(f"linear samples divided by {transfer.peak:g} and encoded as sRGB")
    else:
        primaries = primaries or BT2020_PRIMARIES
        light = pq_to_light(code) if transfer.kind == "pq" else hlg_to_light(code, transfer.peak)
        light /= transfer.peak
        notes.append(
            f"{transfer.kind.upper()} decoded, {transfer.peak:g} cd/m2 shown as white, encoded as"
            " sRGB"
        )
    if primaries is not None and primaries != SRGB_PRIMARIES:
        light = light @ primaries_matrix(primaries, SRGB_PRIMARIES).T
        notes.append(f"{_NAMES.get(primaries, 'stated ')}primaries converted to sRGB")
    # Rounding in the matrix leaves white a hair above one; that is not worth a note.
    if light.min() < -1e-6 or light.max() > 1 + 1e-6:
        notes.append("values outside the display range clipped")
    return light_to_srgb(np.clip(light, 0, 1)).astype(np.float32), notes


def srgb_to_light(code: Doubles) -> Doubles:
    """SRGB code values to linear light (IEC 61966-2-1), both in [0, 1]."""
    high = ((np.maximum(code, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(code <= 0.04045, code / 12.92, high)


def light_to_srgb(light: Doubles) -> Doubles:
    """Linear light to sRGB code values (IEC 61966-2-1), both in [0, 1]."""
    high = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, high)


def pq_to_light(code: Doubles) -> Doubles:
    """PQ code values in [0, 1] to luminance in cd/m2 (SMPTE ST 2084)."""
    root = np.clip(code, 0, 1) ** (1 / _M2)
    light: Doubles = (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1) * _PQ_PEAK
    return light


def hlg_to_light(code: Doubles, peak: float) -> Doubles:
    """HLG code values (H, W, 3) in [0, 1] to cd/m2 on a display of that peak (ITU-R BT.2100)."""
    code = np.clip(code, 0, 1)
    scene = np.where(
        code <= 0.5, code**2 / 3, (np.exp((np.maximum(code, 0.5) - _HLG_C) / _HLG_A) + _HLG_B) / 12
    )
    gamma = 1.2 + 0.42 * math.log10(peak / 1000)
    luminance = scene @ np.array(_BT2020_LUMA)
    gain = np.maximum(luminance, 1e-12) ** (gamma - 1)
    light: Doubles = peak * gain[..., None] * scene
    return light


@lru_cache(maxsize=16)
def primaries_matrix(source: Chromaticities, target: Chromaticities) -> npt.NDArray[Any]:
    """Matrix from linear RGB of one set of primaries to another's, white to white (Bradford)."""
    to_source, white_source = _to_xyz(source)
    to_target, white_target = _to_xyz(target)
    cones = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    scale = np.diag((cones @ white_target) / (cones @ white_source))
    adapt = np.linalg.inv(cones) @ scale @ cones
    matrix: Doubles = np.linalg.inv(to_target) @ adapt @ to_source
    return matrix


def _to_xyz(chromaticities: Chromaticities) -> tuple[Doubles, Doubles]:
    x, y = np.array(chromaticities[0::2]), np.array(chromaticities[1::2])
    if len(x) != 4 or not np.isfinite(x + y).all() or (y == 0).any():
        raise InputError(f"primaries are {chromaticities}; expected x and y of four colours.")
    xyz = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    gains = np.linalg.solve(xyz[:, :3], xyz[:, 3])
    return xyz[:, :3] * gains, xyz[:, 3]
