"""Samples of a decoded frame as numbers, from whatever layout its decoder has left them in."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from msds.errors import InputError
from msds.images.video.chroma import enlarged
from msds.images.video.coding import LUMA, RGB_MATRIX, YCGCO_MATRIX, Coding, scaled, to_rgb

_AS_PLANES = {
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "nv24": "yuv444p",
    "p010le": "yuv420p10le",
    "p012le": "yuv420p12le",
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "pal8": "rgb24",
}
"""Layouts that FFmpeg only rearranges: the same samples elsewhere."""

_PACKED = re.compile(r"([rgba0]{3,4})(24|32|48|64)?(le|be)?")


def pixels_of(frame: Any, coding: Coding, name: str) -> tuple[Tensor, Tensor | None]:
    """Non-linear RGB of a frame, as it is coded, and its alpha.

    Parameters
    ----------
    frame : of PyAV.
    coding : how its samples are meant, with nothing left open.

    Returns
    -------
    (3, H, W) float32, not clipped, and (H, W) alpha in [0, 1] or None.

    Raises
    ------
    InputError
        If its layout or its matrix is none that is read.
    """
    layout = frame.format.name
    if layout in _AS_PLANES:
        frame = frame.reformat(format=_AS_PLANES[layout])
        layout = frame.format.name
    kind = frame.format
    if _PACKED.fullmatch(layout) and kind.is_rgb:
        return _packed(frame, layout, coding)
    if (not kind.is_planar and len(kind.components) > 1) or "f32" in layout or "f16" in layout:
        raise InputError(f"{name}: frames of the pixel format {layout} are not read.")
    if kind.is_bayer or kind.has_palette or kind.is_bit_stream:
        raise InputError(f"{name}: frames of the pixel format {layout} are not read.")
    planes = [_plane(frame, part) for part in kind.components]
    bits = kind.components[0].bits
    full = bool(coding.full) or layout.startswith("yuvj")
    alpha = scaled(planes.pop(), bits, full=True) if kind.components[-1].is_alpha else None
    if kind.is_rgb:
        # Green, blue and red are coded so too where the matrix is the identity.
        return scaled(torch.stack(planes), bits, full=coding.full is not False), alpha
    luma = scaled(planes[0], bits, full=full)
    if len(planes) == 1:
        return luma.expand(3, -1, -1), alpha
    return _from_differences(planes, luma, bits, full, coding, name), alpha


def _from_differences(
    planes: list[Tensor],
    luma: Tensor,
    bits: int,
    full: bool,
    coding: Coding,
    name: str,
) -> Tensor:
    height, width = luma.shape
    if coding.matrix == RGB_MATRIX and planes[1].shape == luma.shape:
        green, blue, red = (scaled(plane, bits, full=full) for plane in planes)
        return torch.stack((red, green, blue))
    if coding.matrix not in (*LUMA, YCGCO_MATRIX):
        raise InputError(
            f"{name}: the colour matrix is number {coding.matrix} of ITU-T H.273, which is not "
            "read; expected BT.601, BT.709, BT.2020 (not of constant luminance), FCC, SMPTE 240M, "
            "YCgCo or RGB."
        )
    blue, red = (
        enlarged(scaled(plane, bits, full=full, chroma=True), height, width) for plane in planes[1:]
    )
    return to_rgb(luma, blue, red, coding.matrix)


def _plane(frame: Any, part: Any) -> Tensor:
    """One component of a planar frame as float32."""
    wide = part.bits > 8
    order = ">" if frame.format.is_big_endian else "<"
    plane = frame.planes[part.plane]
    rows = _rows(plane, np.dtype(f"{order}u2") if wide else np.dtype(np.uint8))
    return torch.from_numpy(rows[: part.height, : part.width].astype(np.float32))


def _rows(plane: Any, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Rows of a plane with what fills them up at their ends."""
    values = np.frombuffer(plane, kind)
    return values.reshape(-1, plane.line_size // kind.itemsize)


def _packed(frame: Any, layout: str, coding: Coding) -> tuple[Tensor, Tensor | None]:
    """RGB whose samples stand side by side."""
    found = _PACKED.fullmatch(layout)
    letters, depth, order = found.groups() if found else ("rgb", None, None)
    wide = depth in ("48", "64")
    kind = np.dtype(f"{'>' if order == 'be' else '<'}u2") if wide else np.dtype(np.uint8)
    count = len(letters)
    rows = _rows(frame.planes[0], kind)[: frame.height, : frame.width * count]
    samples = rows.reshape(frame.height, frame.width, count).astype(np.float32)
    values = torch.from_numpy(samples).permute(2, 0, 1)
    bits = 16 if wide else 8
    colour = torch.stack([values[letters.index(letter)] for letter in "rgb"])
    alpha = values[letters.index("a")] if "a" in letters else None
    return (
        scaled(colour, bits, full=coding.full is not False),
        None if alpha is None else scaled(alpha, bits, full=True),
    )
