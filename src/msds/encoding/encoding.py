"""What is kept of an image once it has been encoded."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Encoding:
    """What is kept of a batch of images: their Gram matrices, un-normalised.

    Attributes
    ----------
    grams : one (N, C, C) tensor per level, float32 or wider.
    positions : number of feature positions h * w of each level.
    height, width : of the images, in pixels.
    trunk : parameter digest of the trunk that made it.
    filter : of the pyramid.
    masked : whether only the salient parts of the images were looked at.
    """

    grams: tuple[Tensor, ...]
    positions: tuple[int, ...]
    height: int
    width: int
    trunk: str
    filter: str = "average"
    masked: bool = False

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return len(self.grams)

    def __len__(self) -> int:
        return int(self.grams[0].shape[0])

    def __getitem__(self, index: slice) -> Encoding:
        """Some of the images."""
        return replace(self, grams=tuple(g[index] for g in self.grams))

    def to(self, device: torch.device | str) -> Encoding:
        """The same on another device."""
        return replace(self, grams=tuple(g.to(device) for g in self.grams))
