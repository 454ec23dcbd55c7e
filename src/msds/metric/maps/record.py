"""A map of one pair of images, as small as its feature positions are few."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from msds.metric.maps.grid import interpolate


@dataclass(frozen=True, eq=False)
class LevelMap:
    """The map of one level.

    Attributes
    ----------
    values : (h, w) float32 tensor, one value for every feature position.
    score : DeepSSIM of this level.
    weight : of this level in the fused map.
    origin : row, and column, of the image's pixel at which the first position lies.
    spacing : pixels from one position to the next.
    """

    values: Tensor = field(repr=False)
    score: float
    weight: float
    origin: float
    spacing: float

    def rows(self, first: int, last: int, width: int) -> Tensor:
        """Values at the pixels of rows `first` to `last - 1`: a (last - first, width) tensor."""
        return interpolate(self.values, self.origin, self.spacing, (first, last), width)


@dataclass(frozen=True)
class Region:
    """The whole of two images, or half of them, by itself.

    Attributes
    ----------
    name : "whole", "left", "right", "top" or "bottom".
    scores : DeepSSIM of the region on each level.
    local : mean similarity of the region's windows on each level.
    """

    name: str
    scores: tuple[float, ...]
    local: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class QualityMap:
    """Where two images differ, on every level and fused by the metric's weights.

    Attributes
    ----------
    kind : "local" or "attribution".
    levels : the maps of the levels, from full size down.
    height, width : of the images, in pixels.
    score : of the pair, as the metric gives it.
    window : positions along a side of a window, of a local map; else 1.
    model, fingerprint, trunk : which metric made it, and on which features.
    regions : the images and their halves; of a local map only.
    """

    kind: str
    levels: tuple[LevelMap, ...] = field(repr=False)
    height: int
    width: int
    score: float
    window: int
    model: str
    fingerprint: str
    trunk: str
    regions: tuple[Region, ...] = field(default=(), repr=False)

    @property
    def unit(self) -> str:
        """What the values are, in words."""
        if self.kind == "local":
            positions = f"{self.window} x {self.window} positions"
            return f"1 - DeepSSIM of {positions if self.window > 1 else 'one position'}"
        return "part of 1 - score, for the whole image"

    @property
    def signed(self) -> bool:
        """Whether values below zero have a meaning: these places bring the images closer."""
        return self.kind == "attribution"

    @cached_property
    def fused(self) -> Tensor:
        """The weighted sum of the levels at every pixel: a (height, width) float32 tensor."""
        return self.rows(0, self.height)

    def level(self, index: int) -> Tensor:
        """One level, counted from 0, at every pixel: a (height, width) float32 tensor."""
        return self.levels[index].rows(0, self.height, self.width)

    def rows(self, first: int, last: int) -> Tensor:
        """Rows `first` to `last - 1` of `fused`, for images whose maps do not fit in memory."""
        parts = [level.weight * level.rows(first, last, self.width) for level in self.levels]
        return torch.stack(parts).sum(0)

    @property
    def mean(self) -> float:
        """Weighted mean of the levels' values over their positions.

        Of an attribution this is 1 - score, exactly but for rounding.
        """
        return float(sum(level.weight * float(level.values.mean()) for level in self.levels))
