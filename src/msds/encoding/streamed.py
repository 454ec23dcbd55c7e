"""`encode_tiled`: the encoding of an image in pieces, from a tensor or from a reader of regions.

Nothing is approximate. Rows run through the pyramid and the trunk once and in order, and every
layer keeps the few rows that its next ones need. An image too wide for the budget is cut into
bands of columns with a halo on either side whose features are thrown away. Zero padding happens at
the image's own border only. The Gram matrix is a sum over positions and is summed up in float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from msds.encoding.checks import check_images
from msds.encoding.plan import Tile, choose_tile, device_of
from msds.encoding.rows import Blocks, OverlapRows, trunk_rows
from msds.errors import InputError
from msds.method import pyramid as pyramids
from msds.method.similarity import gram
from msds.metric.modules import MSDS, Encoding
from msds.trunks import Trunk

READ_ROWS = 256
READ_PIXELS = 2**22
LEAST_READ_ROWS = 16
"""Rows read at a time: a multiple of the usual tile heights of TIFF files, fewer for an image so
wide that they would hold more than so many pixels."""


class RegionReader(Protocol):
    """An image that is read piece by piece."""

    @property
    def width(self) -> int:
        """Number of columns."""

    @property
    def height(self) -> int:
        """Number of rows."""

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Tensor:
        """Columns x0 to x1 - 1 of rows y0 to y1 - 1, RGB: a (3, y1 - y0, x1 - x0) tensor."""


class TensorRegions:
    """A (3, H, W) tensor as a `RegionReader`."""

    def __init__(self, image: Tensor) -> None:
        self.image = image.detach()
        self.height, self.width = image.shape[-2:]

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Tensor:
        return self.image[:, y0:y1, x0:x1]


class _Band:
    """Some columns of one level on their way through the trunk."""

    def __init__(self, trunk: Trunk, x0: int, x1: int, width: int) -> None:
        halo = max(trunk.halo or 0, trunk.stride)
        start = max(0, x0 - halo)
        self.columns = slice(start, min(width, x1 + halo))
        first = (x0 - start) // trunk.stride
        # At the image's end the trunk alone knows how many positions an odd rest gives.
        end = None if x1 >= width else first + (x1 - x0) // trunk.stride
        self.positions = slice(first, end)
        self.rows = trunk_rows(trunk)

    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        """Feature maps of this band's own columns that are now certain."""
        features = self.rows.push(None if rows is None else rows[..., self.columns], last)
        return None if features is None else features[..., self.positions]


class _Level:
    """One level: gathers rows into blocks, runs each band of columns, sums the Gram matrix up."""

    def __init__(self, trunk: Trunk, width: int, tile: Tile) -> None:
        bands = math.ceil(width / tile.columns)
        step = math.ceil(width / bands / trunk.stride) * trunk.stride
        self.bands = [_Band(trunk, x, min(width, x + step), width) for x in range(0, width, step)]
        self.blocks = Blocks(tile.rows)
        self.positions = 0
        self.dtype = torch.float32
        # Apple's accelerator has no float64.
        device = device_of(trunk)
        self.total = torch.zeros(
            trunk.channels,
            trunk.channels,
            dtype=torch.float64,
            device="cpu" if device.type == "mps" else device,
        )

    def push(self, rows: Tensor | None, last: bool) -> None:
        for block, end in self.blocks.push(rows, last):
            for band in self.bands:
                features = band.push(block, end)
                if features is None:
                    continue
                part = gram(features)[0]
                self.dtype = part.dtype
                self.total += part.to(self.total)
                self.positions += features.shape[-2] * features.shape[-1]

    def gram(self, device: torch.device) -> Tensor:
        return self.total.to(self.dtype).to(device)[None]


def encode_tiled(
    metric: MSDS,
    source: Tensor | RegionReader,
    *,
    tile: Tile | None = None,
    budget: int | None = None,
) -> Encoding:
    """Encode images of any size in bounded memory; the result is that of `metric.encode`.

    Each region of the image is read once, from top to bottom, over its full width. Besides the
    trunk's working memory some hundred rows of the image are held.

    Parameters
    ----------
    metric : the metric; no gradients are recorded.
    source : (N, 3, H, W) tensor as for `metric.encode`, or a reader of one image,
        as `msds.images.open_regions` returns it.
    tile : size of the pieces; by default from the budget.
    budget : bytes of working memory for the trunk, see `default_budget`.

    Raises
    ------
    InputError
        If the image is too small or its values are not as expected, or the trunk cannot be tiled.
    """
    if metric.trunk.halo is None:
        raise InputError(
            f"Trunk {metric.trunk.name!r} cannot be tiled: how far its features see is not known."
        )
    if not isinstance(source, Tensor):
        return _encode_one(metric, source, tile, budget)
    if source.ndim != 4 or source.shape[1] != 3 or 0 in source.shape:
        check_images(source)  # says what is wrong
    encodings = [_encode_one(metric, TensorRegions(image), tile, budget) for image in source]
    grams = tuple(torch.cat(parts) for parts in zip(*(e.grams for e in encodings), strict=True))
    first = encodings[0]
    return replace(first, grams=grams)


@torch.no_grad()
def _encode_one(
    metric: MSDS, regions: RegionReader, tile: Tile | None, budget: int | None
) -> Encoding:
    trunk, height, width = metric.trunk, regions.height, regions.width
    count = metric.levels_of(height, width)
    tile = tile or choose_tile(width, trunk, budget)
    device = device_of(trunk)
    levels = [_Level(trunk, width >> k, tile) for k in range(count)]
    halo = pyramids.HALOS[metric.filter]
    halvers = [OverlapRows(pyramids.FILTERS[metric.filter], 2, halo) for _ in range(count - 1)]
    for chunk, last in _chunks(metric, regions):
        rows: Tensor | None = chunk.to(device)
        for k, level in enumerate(levels):
            level.push(rows, last)
            if k < len(halvers):
                rows = halvers[k].push(rows, last)
    grams = tuple(level.gram(device) for level in levels)
    positions = tuple(level.positions for level in levels)
    return Encoding(grams, positions, height, width, metric.trunk_digest, metric.filter)


def _chunks(metric: MSDS, regions: RegionReader) -> Iterator[tuple[Tensor, bool]]:
    """(1, 3, h, W) pieces of an image from top to bottom, and whether each is the last."""
    height, width = regions.height, regions.width
    step = min(READ_ROWS, max(LEAST_READ_ROWS, READ_PIXELS // width))
    for y in range(0, height, step):
        end = min(height, y + step)
        rows = regions.read(0, y, width, end)
        if rows.shape != (3, end - y, width):
            raise InputError(
                f"A region of {width} x {end - y} pixels was read as {tuple(rows.shape)}; expected "
                f"{(3, end - y, width)}."
            )
        yield check_images(rows[None], check_range=metric.check_range), end == height
