"""Encodings in pieces of a chosen size, as a metric would make them whole."""

from __future__ import annotations

from torch import Tensor

from msds.encoding import Encoding
from msds.encoding.plan import Tile, choose_tile
from msds.encoding.streamed import RegionReader, encode_streamed
from msds.metric import MSDS


def encode_tiled(
    metric: MSDS,
    source: Tensor | RegionReader,
    *,
    tile: Tile | None = None,
    budget: int | None = None,
    mask: Tensor | None = None,
) -> Encoding:
    """What `metric.encode` gives, made of pieces of this size or within this budget."""
    if budget is not None:
        width = source.shape[-1] if isinstance(source, Tensor) else source.width
        tile = choose_tile(width, metric.trunk, budget)
    levels = metric.configuration.pyramid
    check = metric.check_range
    return encode_streamed(metric.trunk, source, levels, tile, mask, check_range=check)
