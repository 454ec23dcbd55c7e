"""Gram matrices of two images and of their halves, summed up piece by piece."""

from __future__ import annotations

import torch
from torch import Tensor

from msds.encoding import Encoding
from msds.method.similarity import gram
from msds.metric.maps.pieces import Piece, Pieces
from msds.metric.modules import MSDS

WHOLE = "whole"
REGIONS: dict[str, tuple[int, ...]] = {
    WHOLE: (0, 1, 2, 3),
    "left": (0, 2),
    "right": (1, 3),
    "top": (0, 1),
    "bottom": (2, 3),
}
"""Each by its quarters: 0 and 1 at the top, 2 and 3 at the bottom."""


class GramSums:
    """The Gram matrices of both images on one level, of their quarters, in float64.

    Parameters
    ----------
    middle : row and column of positions at which the lower and the right quarters begin; (0, 0)
        puts everything into one quarter.
    """

    def __init__(self, channels: int, device: torch.device, middle: tuple[int, int]) -> None:
        # Apple's accelerator has no float64.
        place = "cpu" if device.type == "mps" else device
        self.middle = middle
        self.totals: dict[int, Tensor] = {}
        self.counts: list[int] = [0, 0, 0, 0]
        self.empty: Tensor = torch.zeros(2, channels, channels, dtype=torch.float64, device=place)
        self.dtype: torch.dtype = torch.float32

    @classmethod
    def of_level(cls, pieces: Pieces, level: int, *, quarters: bool) -> GramSums:
        """Sums for one level of a pair of images, with or without quarters."""
        trunk = pieces.metric.trunk
        half = [(size >> level) // trunk.stride // 2 for size in (pieces.height, pieces.width)]
        return cls(trunk.channels, trunk.device, (half[0], half[1]) if quarters else (0, 0))

    def add(self, piece: Piece) -> None:
        """Add the features of a piece's own positions."""
        features = piece.cut(piece.features)
        row, column = self.middle[0] - piece.top, self.middle[1] - piece.left
        for quarter in range(4):
            rows = slice(max(0, row), None) if quarter >= 2 else slice(0, max(0, row))
            columns = slice(max(0, column), None) if quarter % 2 else slice(0, max(0, column))
            some = features[..., rows, columns]
            if 0 in some.shape:
                continue
            part = gram(some)
            self.dtype = part.dtype
            self.totals[quarter] = self.totals.get(quarter, self.empty) + part.to(self.empty)
            self.counts[quarter] += some.shape[-2] * some.shape[-1]

    def of(self, region: str, device: torch.device) -> tuple[Tensor, Tensor]:
        """The (1, C, C) Gram matrices of a region of the reference and of the distorted image."""
        total = sum((self.totals[q] for q in self._quarters(region)), self.empty)
        both = total.to(self.dtype).to(device)
        return both[:1], both[1:]

    def positions(self, region: str) -> int:
        """How many positions a region has."""
        return sum(self.counts[q] for q in self._quarters(region))

    def mean(self, region: str, values: Tensor) -> float:
        """Mean of (h, w) values over a region."""
        row, column = self.middle
        quarters = self._quarters(region)
        inside = torch.zeros(values.shape, dtype=torch.bool)
        for quarter in quarters:
            rows = slice(row, None) if quarter >= 2 else slice(0, row)
            columns = slice(column, None) if quarter % 2 else slice(0, column)
            inside[rows, columns] = True
        return float(values[inside].mean())

    def _quarters(self, region: str) -> list[int]:
        """The quarters of a region that hold something; of an empty region, those of the whole."""
        held = [quarter for quarter in REGIONS[region] if quarter in self.totals]
        return held or list(self.totals)


def region_scores(metric: MSDS, pieces: Pieces, sums: list[GramSums], region: str) -> Tensor:
    """(1, K) level scores of a region of two images."""
    device = metric.trunk.device
    grams = [part.of(region, device) for part in sums]
    a, b = (
        Encoding(
            tuple(pair[image] for pair in grams),
            tuple(part.positions(region) for part in sums),
            pieces.height,
            pieces.width,
            metric.trunk_digest,
            metric.filter,
        )
        for image in (0, 1)
    )
    return metric.level_scores(a, b)
