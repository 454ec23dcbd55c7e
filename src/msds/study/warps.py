"""Small geometric changes that people hardly see, made without artefacts at the border.

Every change is a map from the pixels of the result to places in the photograph, sampled with
bicubic interpolation and cropped to a window inside it, so that no invented pixel is ever seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from msds.errors import InputError

MARGIN = 0.12
"""Share of each side that is cut off around the window."""

_SMOOTH = 24.0
"""Pixels over which an elastic deformation is smooth."""


def window(image: Tensor) -> Tensor:
    """The part of a (3, H, W) image that every change stays inside of."""
    height, width = image.shape[-2:]
    top, left = round(height * MARGIN), round(width * MARGIN)
    return image[:, top : height - top, left : width - left]


def _places(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rows and columns of the window's pixels, relative to the centre of the image."""
    top, left = round(height * MARGIN), round(width * MARGIN)
    rows = torch.arange(top, height - top, dtype=torch.float64) - (height - 1) / 2
    columns = torch.arange(left, width - left, dtype=torch.float64) - (width - 1) / 2
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return y, x


def _sample(image: Tensor, y: Tensor, x: Tensor) -> Tensor:
    height, width = image.shape[-2:]
    grid = torch.stack([2 * x / (width - 1), 2 * y / (height - 1)], -1)[None].to(image.dtype)
    if float(grid.abs().max()) > 1:
        raise InputError("This change is too strong: it would show what is not in the photograph.")
    changed = F.grid_sample(image[None], grid, mode="bicubic", align_corners=True)
    return changed[0].clamp(0, 1)


def translate(image: Tensor, pixels: float, seed: int = 0) -> Tensor:
    """Moved by so many pixels, in a direction drawn by the seed."""
    angle = 2 * math.pi * float(torch.rand(1, generator=torch.Generator().manual_seed(seed)))
    y, x = _places(*image.shape[-2:])
    return _sample(image, y + pixels * math.sin(angle), x + pixels * math.cos(angle))


def rotate(image: Tensor, degrees: float, seed: int = 0) -> Tensor:
    """Turned about the centre."""
    del seed
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    y, x = _places(*image.shape[-2:])
    return _sample(image, y * cos + x * sin, x * cos - y * sin)


def zoom(image: Tensor, percent: float, seed: int = 0) -> Tensor:
    """Enlarged about the centre."""
    del seed
    factor = 1 / (1 + percent / 100)
    y, x = _places(*image.shape[-2:])
    return _sample(image, y * factor, x * factor)


def perspective(image: Tensor, percent: float, seed: int = 0) -> Tensor:
    """Tilted: one side grows by so much, the other shrinks by as much."""
    del seed
    y, x = _places(*image.shape[-2:])
    depth = 1 + percent / 100 * x / float(x.abs().max())
    return _sample(image, y / depth, x / depth)


def elastic(image: Tensor, pixels: float, seed: int = 0) -> Tensor:
    """Deformed smoothly, by so many pixels root mean square."""
    y, x = _places(*image.shape[-2:])
    generator = torch.Generator().manual_seed(seed)
    coarse = [max(2, math.ceil(side / _SMOOTH)) for side in y.shape]
    noise = torch.randn(1, 2, *coarse, generator=generator, dtype=torch.float64)
    field = F.interpolate(noise, y.shape, mode="bicubic", align_corners=True)[0]
    field = field / field.square().sum(0).mean().sqrt() * pixels
    return _sample(image, y + field[0], x + field[1])


def crop(image: Tensor, percent: float, seed: int = 0) -> Tensor:
    """The window less so much of each of its sides: another size than the reference."""
    del seed
    inside = window(image)
    height, width = inside.shape[-2:]
    top, left = round(height * percent / 200), round(width * percent / 200)
    return inside[:, top : height - top, left : width - left]


def noise(image: Tensor, deviation: float, seed: int = 0) -> Tensor:
    """The window with white Gaussian noise, its deviation in steps of 1/255: the yardstick."""
    inside = window(image)
    generator = torch.Generator().manual_seed(seed)
    grain = torch.randn(inside.shape, generator=generator, dtype=inside.dtype)
    return (inside + grain * deviation / 255).clamp(0, 1)


Warp = Callable[[Tensor, float, int], Tensor]

WARPS: dict[str, tuple[Warp, str, tuple[float, ...]]] = {
    "translation": (translate, "pixels", (0.5, 1, 2, 4, 8)),
    "rotation": (rotate, "degrees", (0.25, 0.5, 1, 2, 4)),
    "scaling": (zoom, "%", (0.5, 1, 2, 4, 8)),
    "perspective": (perspective, "%", (0.5, 1, 2, 4, 8)),
    "elastic": (elastic, "pixels", (0.5, 1, 2, 4)),
    "cropping": (crop, "%", (2, 4, 8, 16)),
}
"""Changes by name: the function, the unit of its strength, and the strengths that are studied."""
