"""Features of two images on every level, in pieces where they are too large to be taken whole.

Maps need features and not Gram matrices, side by side for both images, and may be off in the last
digit: pieces are rectangles with a border, whose features are cut off again. Each is read once for
all levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from msds.encoding.checks import check_images
from msds.encoding.plan import default_budget, should_tile
from msds.encoding.streamed import RegionReader, TensorRegions
from msds.errors import InputError
from msds.method.pyramid import HALOS, pyramid
from msds.metric.modules import MSDS
from msds.trunks import Trunk

MOST_SIDE = 1024
"""Pixels along a side of a piece: the border of the smallest level is as wide again."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """Features of one rectangle of one level.

    Attributes
    ----------
    level : counted from 0.
    top, left : the first of the piece's own positions in the level.
    features : of the reference and of the distorted image, (2, C, h, w), with neighbours around.
    own : which rows and columns of the features are the piece's own.
    """

    level: int
    top: int
    left: int
    features: Tensor
    own: tuple[slice, slice]

    def cut(self, values: Tensor) -> Tensor:
        """The own part of something computed from all features, (..., h, w)."""
        return values[..., self.own[0], self.own[1]]


class Pieces:
    """The features of a pair of images of equal size; can be walked through more than once.

    Parameters
    ----------
    metric : whose trunk and levels.
    reference, distorted : the images.
    margin : neighbouring positions that are needed around a piece.
    side : pixels along a side of a piece; chosen by the memory that the trunk needs if not given.
    """

    def __init__(
        self,
        metric: MSDS,
        reference: RegionReader,
        distorted: RegionReader,
        margin: int,
        side: int | None = None,
    ) -> None:
        self.metric = metric
        self.images: tuple[RegionReader, RegionReader] = (reference, distorted)
        self.height: int = reference.height
        self.width: int = reference.width
        self.count: int = metric.levels_of(self.height, self.width)
        self.margin = margin
        self.side: int = side or _side(metric.trunk, self.height, self.width, self.count, margin)
        self._kept: list[Piece] | None = None

    @property
    def whole(self) -> bool:
        """Whether each level is one piece."""
        return self.side >= max(self.height, self.width)

    def __iter__(self) -> Iterator[Piece]:
        if self._kept is not None:
            return iter(self._kept)
        if self.whole:
            self._kept = list(self._rectangle((0, self.height), (0, self.width)))
            return iter(self._kept)
        return self._walk()

    def _walk(self) -> Iterator[Piece]:
        for top in range(0, self.height, self.side):
            for left in range(0, self.width, self.side):
                bottom, right = top + self.side, left + self.side
                yield from self._rectangle(
                    (top, min(self.height, bottom)), (left, min(self.width, right))
                )

    def _rectangle(self, rows: Span, columns: Span) -> Iterator[Piece]:
        trunk, last = self.metric.trunk, self.count - 1
        border = _border(trunk, self.margin, self.metric.filter)
        far = [_widened(span, border << last, size) for span, size in self._sizes(rows, columns)]
        images = [pyramid(self._read(image, *far), self.count, self.metric.filter)
                  for image in self.images]  # fmt: skip
        for k in range(self.count):
            near, own = [], []
            for (span, size), wide in zip(self._sizes(rows, columns), far, strict=True):
                size, start = size >> k, wide[0] >> k
                inner = (span[0] >> k, span[1] >> k)
                outer = _widened(inner, border, size)
                near.append(slice(outer[0] - start, outer[1] - start))
                first = (inner[0] - outer[0]) // trunk.stride
                # At the image's end the trunk alone knows how many positions an odd rest gives.
                end = None if inner[1] >= size else first + (inner[1] - inner[0]) // trunk.stride
                own.append(slice(first, end))
            if any(part.start >= part.stop for part in near):
                continue
            pair = torch.cat([trunk(levels[k][..., near[0], near[1]]) for levels in images])
            top, left = ((s[0] >> k) // trunk.stride for s in (rows, columns))
            piece = Piece(k, top, left, pair, (own[0], own[1]))
            if 0 not in piece.cut(pair).shape:
                yield piece

    def _sizes(self, rows: Span, columns: Span) -> tuple[tuple[Span, int], tuple[Span, int]]:
        return (rows, self.height), (columns, self.width)

    def _read(self, image: RegionReader, rows: Span, columns: Span) -> Tensor:
        pixels = image.read(columns[0], rows[0], columns[1], rows[1])[None]
        checked = check_images(pixels, check_range=self.metric.check_range)
        return checked.to(self.metric.trunk.device)


def open_pair(reference: Any, distorted: Any) -> tuple[RegionReader, RegionReader]:
    """Two images, as tensors or as readers of regions, that a map can be made of.

    Parameters
    ----------
    reference, distorted : (1, 3, H, W) or (3, H, W) tensors, or `RegionReader`s.

    Raises
    ------
    InputError
        If one is neither, or their sizes differ.
    """
    images = [_reader(source) for source in (reference, distorted)]
    sizes = [(image.width, image.height) for image in images]
    if sizes[0] != sizes[1]:
        shown = [f"{width} x {height}" for width, height in sizes]
        raise InputError(
            f"A map needs two images of the same size; the reference is {shown[0]} pixels and the "
            f"distorted image {shown[1]}."
        )
    return images[0], images[1]


def _reader(source: Any) -> RegionReader:
    if isinstance(source, Tensor):
        shape = tuple(source.shape)
        if source.ndim == 4 and len(source) == 1:
            source = source[0]
        if source.ndim != 3 or len(source) != 3 or 0 in shape:
            raise InputError(f"A map is made of one (1, 3, H, W) image; got {shape}.")
        return TensorRegions(source)
    if not isinstance(source, RegionReader):
        raise InputError(
            f"A map is made of a tensor or a reader of regions; got {type(source).__name__} "
            "(msds.map_pair takes files, arrays and PIL images)."
        )
    return source


def _border(trunk: Trunk, margin: int, filter: str) -> int:
    """Pixels of a level around a piece, a multiple of the stride."""
    seen = (trunk.halo or 0) + margin * trunk.stride
    return seen + (trunk.stride if HALOS[filter] else 0)


def _widened(span: Span, by: int, size: int) -> Span:
    return max(0, span[0] - by), min(size, span[1] + by)


def _side(trunk: Trunk, height: int, width: int, levels: int, margin: int) -> int:
    """Pixels along a side of a piece, a multiple of the coarsest level's positions."""
    if not should_tile(height, width, trunk):
        return max(height, width)
    fitting = int((default_budget(trunk.device) / trunk.bytes_per_pixel()) ** 0.5)
    unit = trunk.stride << (levels - 1)
    border = (trunk.halo or 0) + margin * trunk.stride
    return max(unit, min(MOST_SIDE, fitting - 2 * border) // unit * unit)
