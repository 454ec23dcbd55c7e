"""The levels of an image: each half the size of the one before.

The abstract of MSDS does not name its down-sampling filter. "average" (2 x 2 means, as in MS-SSIM)
is this project's choice; the others exist so that the choice can be studied.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from msds.errors import InputError

MAX_LEVELS = 12

Filter: TypeAlias = Literal["average", "gaussian", "bicubic", "lanczos", "stride"]
"""A key of `FILTERS`."""


def pyramid(images: Tensor, levels: int, filter: str = "average") -> list[Tensor]:
    """Levels 1 to `levels` of images, level 1 being the images themselves.

    Parameters
    ----------
    images : (N, C, H, W) floating tensor.
    levels : how many levels, at least 1.
    filter : a key of `FILTERS`. An odd last row or column is dropped. "bicubic" and "lanczos"
        overshoot and are not clipped.

    Returns
    -------
    list of (N, C, floor(H / 2^k), floor(W / 2^k)) tensors, k = 0 .. levels - 1.

    Raises
    ------
    InputError
        If `levels` or `filter` is not one of the allowed values, or a level would be empty.
    """
    check_settings(levels, filter)
    if min(images.shape[-2:]) < 2 ** (levels - 1):
        raise InputError(
            f"{levels} levels need images of at least {2 ** (levels - 1)} pixels a side; "
            f"got {images.shape[-1]} x {images.shape[-2]}."
        )
    result = [images]
    for _ in range(levels - 1):
        result.append(FILTERS[filter](result[-1]))
    return result


def check_settings(levels: int, filter: str) -> None:
    """Raise `InputError` unless the number of levels and the filter's name are allowed."""
    whole = isinstance(levels, int) and not isinstance(levels, bool)
    if not whole or not 1 <= levels <= MAX_LEVELS:
        raise InputError(
            f"The number of levels must be a whole number from 1 to {MAX_LEVELS}; got {levels!r}."
        )
    if filter not in FILTERS:
        raise InputError(
            f"Unknown pyramid filter {filter!r}: expected one of {', '.join(FILTERS)}."
        )


def minimum_side(levels: int, stride: int) -> int:
    """Least height and width in pixels that leave one feature position on the smallest level."""
    return int(stride * 2 ** (levels - 1))


def possible_levels(height: int, width: int, stride: int) -> int:
    """How many levels an image of this size has; 0 if it is too small even for one."""
    # What torch.jit traces gives sizes as tensors.
    return max(0, int(min(height, width)) // stride).bit_length()


def _average(images: Tensor) -> Tensor:
    # Five times as fast as avg_pool2d, which takes three channels for few.
    height, width = images.shape[-2] // 2 * 2, images.shape[-1] // 2 * 2
    rows = images[..., 0:height:2, :width] + images[..., 1:height:2, :width]
    return (rows[..., 0::2] + rows[..., 1::2]) * 0.25


def _stride(images: Tensor) -> Tensor:
    height, width = images.shape[-2] // 2 * 2, images.shape[-1] // 2 * 2
    return images[..., :height:2, :width:2]


def _separable(taps: list[float]) -> Callable[[Tensor], Tensor]:
    """Filter rows and columns: even taps centre on 2 x 2 cells, odd ones on their first pixel."""
    before = (len(taps) - 1) // 2
    after = len(taps) - 2 - before

    def apply(images: Tensor) -> Tensor:
        height, width = images.shape[-2] // 2 * 2, images.shape[-1] // 2 * 2
        channels = images.shape[1]
        kernel = torch.tensor(taps, dtype=images.dtype, device=images.device)
        row = (kernel / kernel.sum()).repeat(channels, 1, 1, 1)
        padded = F.pad(
            images[..., :height, :width], (before, after, before, after), mode="replicate"
        )
        wide = F.conv2d(padded, row, stride=(1, 2), groups=channels)
        return F.conv2d(wide, row.transpose(2, 3), stride=(2, 1), groups=channels)

    return apply


def _bicubic(x: float) -> float:
    """Keys' cubic kernel with a = -0.5."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def _lanczos(x: float) -> float:
    """Lanczos kernel with three lobes."""
    if abs(x) < 1e-12:
        return 1.0
    if abs(x) >= 3:
        return 0.0
    return 3 * math.sin(math.pi * x) * math.sin(math.pi * x / 3) / (math.pi * x) ** 2


def _half_size_taps(kernel: Callable[[float], float], support: int) -> list[float]:
    """Samples of a kernel stretched to twice its width, centred between two pixels."""
    return [kernel((i + 0.5) / 2) for i in range(-2 * support, 2 * support)]


FILTERS: dict[str, Callable[[Tensor], Tensor]] = {
    "average": _average,
    "gaussian": _separable([1, 4, 6, 4, 1]),
    "bicubic": _separable(_half_size_taps(_bicubic, 2)),
    "lanczos": _separable(_half_size_taps(_lanczos, 3)),
    "stride": _stride,
}
"""Down-sampling by two: 2 x 2 means; Burt and Adelson's binomial; Keys' cubic and Lanczos-3, both
stretched against aliasing; and every second pixel with no filter at all."""

HALOS = {"average": 0, "gaussian": 2, "bicubic": 4, "lanczos": 6, "stride": 0}
"""Rows of an image that a row of the next level sees beyond its own two, rounded up to even."""
