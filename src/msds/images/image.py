"""The two forms of an image: as its decoder left it, and as the metric takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

Samples = npt.NDArray[Any]
"""Array (H, W, C) of uint8, uint16 or float32."""


@dataclass(frozen=True)
class Image:
    """An image as the metric takes it.

    Attributes
    ----------
    pixels : (3, H, W) float32 tensor in [0, 1], sRGB.
    notes : what was done to the source to get there, in order, one phrase each.
    source : name of the file, or the kind of object the image came from.
    """

    pixels: torch.Tensor
    notes: tuple[str, ...]
    source: str

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.pixels.shape[-1])

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.pixels.shape[-2])


@dataclass(frozen=True)
class Decoded:
    """An image as its decoder left it, before colour, alpha and orientation are dealt with.

    Attributes
    ----------
    samples : (H, W, C) uint8, uint16 or float32; colour channels, then alpha if there is one.
    colour : what the colour channels are; C is 1, 3 or 4, and one more with alpha.
    alpha : whether the last channel is straight (not premultiplied) alpha.
    maximum : the sample value that means 1.0.
    profile : embedded ICC profile.
    primaries : x and y of red, green, blue and white, if the file states others than sRGB's.
    transfer : transfer function the file states, as ITU-T H.273 numbers them; 2 is "not stated".
    orientation : EXIF orientation, 1 to 8, still to be applied.
    turning : what a note calls that, where it is not EXIF that asks for it.
    notes : what the decoder has already done.
    """

    samples: Samples
    colour: Literal["grey", "rgb", "cmyk"]
    alpha: bool = False
    maximum: float = 255.0
    profile: bytes | None = None
    primaries: tuple[float, ...] | None = None
    transfer: int = 2
    orientation: int = 1
    turning: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        expected = {"grey": 1, "rgb": 3, "cmyk": 4}[self.colour] + self.alpha
        if self.samples.ndim != 3 or self.samples.shape[2] != expected:
            raise ValueError(f"{self.colour} samples of shape {self.samples.shape}")

    @property
    def floating(self) -> bool:
        """Whether the samples are floating-point numbers."""
        return bool(np.issubdtype(self.samples.dtype, np.floating))
