"""An image seen smaller, or bytes seen as floats, without holding more than is asked for."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from msds.encoding.streamed import RegionReader


class Reduced:
    """An image of which every `step` x `step` pixels are one, their mean; what is left over goes.

    With a power of two these are the images that the pyramid's filter "average" gives.

    Parameters
    ----------
    image : read piece by piece; pixels in [0, 1], or bytes.
    step : how many times smaller, a whole number; with 1 only bytes become floats.
    """

    def __init__(self, image: RegionReader, step: int) -> None:
        self._image = image
        self._step = step
        self.width, self.height = image.width // step, image.height // step

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Tensor:
        """As of any `RegionReader`."""
        pixels = self._image.read(*(self._step * edge for edge in (x0, y0, x1, y1)))
        if not pixels.is_floating_point():
            pixels = pixels.to(torch.float32).div_(torch.iinfo(pixels.dtype).max)
        return pixels if self._step == 1 else avg_pool2d(pixels[None], self._step)[0]
