"""`encode_streamed`: the encoding of an image in pieces, from a tensor or a reader of regions.

Nothing is approximate. Rows run through the pyramid and the trunk once and in order, and every
layer keeps the few rows that its next ones need. An image too wide for the budget is cut into
bands of columns with a halo on either side whose features are thrown away. Zero padding happens at
the image's own border only. The Gram matrix is a sum over positions and is summed up in float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from msds.encoding.checks import check_images, check_mask
from msds.encoding.encoding import Encoding
from msds.encoding.levels import Levels
from msds.encoding.plan import Tile, choose_tile
from msds.encoding.whole import mask_levels
from msds.errors import InputError
from msds.method.pyramid import FILTERS, HALOS
from msds.method.similarity import gram
from msds.trunks import Trunk
from msds.trunks.rows import OverlapRows

READ_ROWS = 256
READ_PIXELS = 2**22
LEAST_READ_ROWS = 16
"""Rows read at a time: a multiple of the usual tile heights of TIFF files, fewer for an image so
wide that they would hold more than so many pixels."""


@runtime_checkable
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
        self.image: Tensor = image.detach()
        self.height: int = image.shape[-2]
        self.width: int = image.shape[-1]

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Tensor:
        return self.image[:, y0:y1, x0:x1]


class Blocks:
    """Gather rows and hand them on in blocks of `size` rows, the last one smaller."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pending: list[Tensor] = []

    def push(self, rows: Tensor | None, last: bool) -> Iterator[tuple[Tensor | None, bool]]:
        """Pairs of a block and whether it is the last; the last one may be None."""
        if rows is not None:
            self.pending.append(rows)
        height = sum(part.shape[-2] for part in self.pending)
        if height < self.size and not last:
            return
        if not self.pending:
            yield None, True
            return
        gathered = torch.cat(self.pending, -2) if len(self.pending) > 1 else self.pending[0]
        self.pending = []
        blocks = list(torch.split(gathered, self.size, -2))
        if not last and blocks[-1].shape[-2] < self.size:
            self.pending = [blocks.pop().clone()]  # a view would keep all of `gathered`
        for i, block in enumerate(blocks, start=1):
            yield block, last and i == len(blocks)


class _Band:
    """Some columns of one level on their way through the trunk."""

    def __init__(self, trunk: Trunk, x0: int, x1: int, width: int, mask: Tensor | None) -> None:
        halo = max(trunk.halo or 0, trunk.stride)
        start = max(0, x0 - halo)
        self.columns = slice(start, min(width, x1 + halo))
        first = (x0 - start) // trunk.stride
        # At the image's end the trunk alone knows how many positions an odd rest gives.
        end = None if x1 >= width else first + (x1 - x0) // trunk.stride
        self.positions = slice(first, end)
        self.rows = trunk.rows(mask, start)

    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        """Feature maps of this band's own columns that are now certain."""
        features = self.rows.push(None if rows is None else rows[..., self.columns], last)
        return None if features is None else features[..., self.positions]


class _Level:
    """One level: gathers rows into blocks, runs each band of columns, sums the Gram matrix up."""

    def __init__(self, trunk: Trunk, width: int, tile: Tile, mask: Tensor | None) -> None:
        bands = math.ceil(width / tile.columns)
        step = math.ceil(width / bands / trunk.stride) * trunk.stride
        self.bands = [
            _Band(trunk, x, min(width, x + step), width, mask) for x in range(0, width, step)
        ]
        self.blocks = Blocks(tile.rows)
        self.positions = 0
        self.dtype = torch.float32
        # Apple's accelerator has no float64.
        device = trunk.device
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


def encode_streamed(
    trunk: Trunk,
    source: Tensor | RegionReader,
    levels: Levels,
    tile: Tile | None = None,
    mask: Tensor | None = None,
    *,
    check_range: bool = True,
) -> Encoding:
    """Encode images of any size in bounded memory; the result is that of `encode_whole`.

    Each region of the image is read once, from top to bottom, over its full width. Besides the
    trunk's working memory some hundred rows of the image are held. No gradients are recorded.

    Parameters
    ----------
    trunk, levels : what makes feature maps, and of which levels.
    source : (N, 3, H, W) tensor, or a reader of one image, as `msds.images.open_regions` gives.
    tile : size of the pieces; by default that of `choose_tile` within the usual budget.
    mask : saliency masks of a tensor's images, see `encode_whole`; they are held as they are.
    check_range : whether values outside [0, 1] are looked for.

    Raises
    ------
    InputError
        If the image is too small or its values are not as expected, or the trunk cannot be tiled;
        if an image that is read in parts is to have a mask.
    """
    if trunk.halo is None:
        raise InputError(
            f"Trunk {trunk.name!r} cannot be tiled: how far its features see is not known."
        )
    if not isinstance(source, Tensor):
        if mask is not None:
            raise InputError("An image that is read in parts cannot have a saliency mask.")
        return _encode_one(trunk, source, levels, tile, None, check_range)
    if source.ndim != 4 or source.shape[1] != 3 or 0 in source.shape:
        check_images(source)  # says what is wrong
    masks: Sequence[Tensor | None] = [None] * len(source)
    if mask is not None:
        whole = check_mask(mask, source).expand(len(source), -1, -1, -1)
        masks = [whole[k : k + 1] for k in range(len(source))]
    encodings = [
        _encode_one(trunk, TensorRegions(image), levels, tile, one, check_range)
        for image, one in zip(source, masks, strict=True)
    ]
    grams = tuple(torch.cat(parts) for parts in zip(*(e.grams for e in encodings), strict=True))
    return replace(encodings[0], grams=grams)


@torch.no_grad()
def _encode_one(
    trunk: Trunk,
    regions: RegionReader,
    levels: Levels,
    tile: Tile | None,
    mask: Tensor | None,
    check_range: bool,
) -> Encoding:
    height, width = regions.height, regions.width
    count = levels.of(height, width, trunk.stride)
    tile = tile or choose_tile(width, trunk)
    device = trunk.device
    masks: Sequence[Tensor | None] = [None] * count
    if mask is not None:
        masks = [trunk.first_mask(level) for level in mask_levels(mask.to(device), count)]
    streams = [_Level(trunk, width >> k, tile, level) for k, level in enumerate(masks)]
    halo = HALOS[levels.filter]
    halvers = [OverlapRows(FILTERS[levels.filter], 2, halo) for _ in range(count - 1)]
    for chunk, last in _chunks(regions, check_range):
        rows: Tensor | None = chunk.to(device)
        for k, stream in enumerate(streams):
            stream.push(rows, last)
            if k < len(halvers):
                rows = halvers[k].push(rows, last)
    grams = tuple(stream.gram(device) for stream in streams)
    positions = tuple(stream.positions for stream in streams)
    found = (grams, positions, height, width, trunk.digest, levels.filter)
    return Encoding(*found, masked=mask is not None)


def _chunks(regions: RegionReader, check_range: bool) -> Iterator[tuple[Tensor, bool]]:
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
        yield check_images(rows[None], check_range=check_range), end == height
