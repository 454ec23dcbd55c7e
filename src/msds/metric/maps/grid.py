"""Where in an image the positions of a feature map lie, and maps between them."""

from __future__ import annotations

import torch
from torch import Tensor

from msds.trunks import Trunk
from msds.trunks.layers import rows_seen

FIRST_PIXEL = ("gaussian", "stride")
"""Pyramid filters that centre on the first of two pixels, and not between them."""


def seen_centre(trunk: Trunk) -> float:
    """The pixel, in rows or columns, that lies amid what the first position sees.

    Layers of odd kernels and stride 2 centre on the first of two pixels, so that the positions of
    `compact` stand at the corners of their 16 x 16 pixels, where those of `vgg16` stand amid them.
    Where the layers are not known, the middle is taken.
    """
    chain = trunk.reference_chain
    if chain is None:
        return (trunk.stride - 1) / 2
    first, last = 0, 1
    for layer in reversed(chain.layers):
        first, last = rows_seen(layer, first, last)
    return (first + last - 1) / 2


def level_origin(centre: float, level: int, filter: str) -> float:
    """The pixel of the whole image where the first position of a level lies.

    Parameters
    ----------
    centre : the same in pixels of the level, see `seen_centre`.
    level : 0 for the image itself.
    filter : the pyramid's.
    """
    size = 1 << level
    return centre * size + (0.0 if filter in FIRST_PIXEL else (size - 1) / 2)


def interpolate(
    values: Tensor, origin: float, spacing: float, rows: tuple[int, int], width: int
) -> Tensor:
    """Values at pixels, linearly between positions, and as at the nearest one beyond the outermost.

    Parameters
    ----------
    values : (h, w) values at positions that lie at `origin + spacing * index` in both directions.
    rows : the first row of pixels, and the one after the last.
    width : how many columns of pixels.

    Returns
    -------
    (rows, width) tensor.
    """
    top, bottom, down = _between(values.shape[0], origin, spacing, *rows)
    left, right, across = _between(values.shape[1], origin, spacing, 0, width)
    down = down.to(values)[:, None]
    lines = values[top] * (1 - down) + values[bottom] * down
    across = across.to(values)
    return lines[:, left] * (1 - across) + lines[:, right] * across


def _between(
    count: int, origin: float, spacing: float, first: int, last: int
) -> tuple[Tensor, Tensor, Tensor]:
    """For some pixels the position before, the one after, and how far on the way they lie."""
    pixels = torch.arange(first, last, dtype=torch.float64)
    places = ((pixels - origin) / spacing).clamp(0, count - 1)
    before = places.floor().clamp(max=max(0, count - 2))
    index = before.long()
    return index, (index + 1).clamp(max=count - 1), places - before
