"""Floating-point files: OpenEXR, Radiance HDR, PFM and NumPy arrays; and 16-bit PNM."""

from __future__ import annotations

import io
import re
import tempfile
import tokenize
from pathlib import Path
from typing import Any

import numpy as np

from msds.errors import InputError, require
from msds.images.arrays import from_array
from msds.images.deep import EXTRA, arrange, read_bytes, straighten
from msds.images.headers import Header
from msds.images.image import Decoded
from msds.images.limits import check_frame, check_size
from msds.images.standard import DAMAGE
from msds.images.transfer import SRGB_PRIMARIES, Chromaticities

HDR_CONTAINERS = ("exr", "radiance", "npy", "pnm", "pfm")

_RADIANCE_SIZE = re.compile(rb"\n\n(-Y|\+Y) (\d+) (\+X|-X) (\d+)\n")
_EXPOSURE = re.compile(rb"\nEXPOSURE=\s*([0-9.eE+-]+)")


def decode_hdr(
    header: Header,
    source: Path | bytes,
    name: str,
    frame: int | None,
    max_pixels: int,
    check_range: bool,
) -> Decoded:
    """Decode an OpenEXR, Radiance, PFM, NumPy or 16-bit PNM file.

    Parameters
    ----------
    header : what the file's first bytes say.
    source : the file or its bytes.
    name : what to call it in an error.
    frame : which part of a multi-part OpenEXR file.
    max_pixels : larger images are refused before they are decoded.
    check_range : refuse the values of a NumPy file that lie outside [0, 1].

    Raises
    ------
    MissingExtraError
        If the libraries of the extra are not installed.
    InputError
        If the file is damaged, too large, or holds something other than an image.
    """
    if header.container != "exr":
        check_frame(frame, 1, name)
    try:
        if header.container == "exr":
            return _exr(source, name, frame, max_pixels)
        data = read_bytes(source)
        if header.container == "radiance":
            return _radiance(data, name, max_pixels)
        if header.container == "npy":
            return _npy(data, name, max_pixels, check_range)
        return _netpbm(data, name, max_pixels)
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(
            f"{name}: the {header.container} data are truncated or damaged ({error})."
        ) from error


def _exr(source: Path | bytes, name: str, frame: int | None, max_pixels: int) -> Decoded:
    exr = require("OpenEXR", EXTRA)
    if isinstance(source, bytes):
        # The library reads from the file system only.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "image.exr"
            path.write_bytes(source)
            return _exr(path, name, frame, max_pixels)
    with exr.File(str(source), header_only=True) as file:
        headers = [dict(file.header(part)) for part in range(len(file.parts))]
    index = check_frame(frame, len(headers), name)
    low, high = headers[index]["dataWindow"]
    check_size(int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1, max_pixels, name)
    with exr.File(str(source)) as file:
        channels = file.channels(index)
        found = next((kind for kind in ("RGBA", "RGB", "Y") if kind in channels), None)
        if found is None:
            raise InputError(
                f"{name}: the OpenEXR file has the channels {', '.join(sorted(channels))}; expected"
                " R, G, B and perhaps A, or Y."
            )
        samples = np.array(channels[found].pixels, dtype=np.float32)
    notes: tuple[str, ...] = ("floating-point samples of an OpenEXR file",)
    if found == "RGBA":
        samples = straighten(samples, 1.0)
    _check_finite(samples, name)
    decoded = arrange(samples, 1.0, name, notes=notes)
    return _with_primaries(decoded, headers[index].get("chromaticities"))


def _with_primaries(decoded: Decoded, stated: Any) -> Decoded:
    if stated is None:
        return decoded
    primaries: Chromaticities = tuple(round(float(v), 5) for v in np.ravel(stated))
    if np.allclose(primaries, SRGB_PRIMARIES, atol=1e-3):
        return decoded
    return Decoded(
        decoded.samples,
        decoded.colour,
        alpha=decoded.alpha,
        maximum=1.0,
        primaries=primaries,
        notes=decoded.notes,
    )


def _radiance(data: bytes, name: str, max_pixels: int) -> Decoded:
    codecs = require("imagecodecs", EXTRA)
    size = _RADIANCE_SIZE.search(data[: 1 << 16])
    if size is None or (size[1], size[3]) != (b"-Y", b"+X"):
        raise InputError(
            f"{name}: the Radiance file is turned, or states no size; expected -Y HEIGHT +X WIDTH."
        )
    check_size(int(size[4]), int(size[2]), max_pixels, name)
    head = data[: size.start()]
    if b"FORMAT=32-bit_rle_xyze" in head:
        raise InputError(f"{name}: the Radiance file holds XYZ; expected RGB.")
    samples = np.array(codecs.rgbe_decode(data), dtype=np.float32)
    notes: tuple[str, ...] = ("floating-point samples of a Radiance file",)
    for exposure in _EXPOSURE.findall(head):
        samples /= np.float32(exposure)
        notes += (f"exposure {float(exposure):g} undone",)
    _check_finite(samples, name)
    return arrange(samples, 1.0, name, notes=notes)


def _npy(data: bytes, name: str, max_pixels: int, check_range: bool) -> Decoded:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    try:
        shape, _, _ = read(file)
    except tokenize.TokenError as error:
        raise ValueError(f"the header cannot be read: {error}") from error
    if len(shape) >= 2:
        check_size(shape[1], shape[0], max_pixels, name)
    file.seek(0)
    return from_array(np.load(file, allow_pickle=False), name, check_range=check_range)


def _netpbm(data: bytes, name: str, max_pixels: int) -> Decoded:
    kind, position = data[:2], 2
    fields: list[bytes] = []
    while len(fields) < 3:
        match = re.compile(rb"\s*(?:#[^\n]*\n\s*)*(\S+)").match(data, position)
        if match is None:
            raise EOFError("the header ends early")
        fields.append(match[1])
        position = match.end()
    position += 1
    width, height = int(fields[0]), int(fields[1])
    check_size(width, height, max_pixels, name)
    if kind in (b"P2", b"P3"):
        raise InputError(
            f"{name}: a PNM file of more than 8 bits, written out in text, is not read; expected"
            " the binary kind."
        )
    shape = (height, width, 3 if kind in (b"P6", b"PF") else 1)
    count = int(np.prod(shape))
    if kind in (b"P5", b"P6"):
        samples = np.frombuffer(data, ">u2", count, position).reshape(shape).astype(np.uint16)
        maximum = int(fields[2])
        if samples.max() > maximum:
            raise ValueError(f"a sample of {samples.max()} is above the stated {maximum}")
        notes = (f"{maximum.bit_length()} bits per sample",)
        return arrange(samples, maximum, name, notes=notes)
    order = "<f4" if float(fields[2]) < 0 else ">f4"
    # Rows run from the bottom up.
    floats = np.frombuffer(data, order, count, position).reshape(shape)[::-1].astype(np.float32)
    _check_finite(floats, name)
    return arrange(floats, 1.0, name, notes=("floating-point samples of a PFM file",))


def _check_finite(samples: Any, name: str) -> None:
    if not np.isfinite(samples).all():
        raise InputError(f"{name}: there are NaN or infinite values; expected finite ones.")
