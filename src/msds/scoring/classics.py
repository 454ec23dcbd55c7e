"""Classic metrics: PSNR, SSIM and MS-SSIM."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from msds.errors import InputError, require
from msds.scoring.contenders import Contender
from msds.scoring.rivals import RIVALS
from msds.scoring.sizes import same_size

if TYPE_CHECKING:
    from msds.images import Image

Array = NDArray[np.float64]

# Identical images would have an infinite PSNR, which no correlation can take.
_PSNR_CEILING = 100.0
_LUMA = (0.299, 0.587, 0.114)
_WINDOW = 11
_C1, _C2 = 0.01**2, 0.03**2
_MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def _grey(image: Image) -> torch.Tensor:
    weights = image.pixels.new_tensor(_LUMA).view(3, 1, 1)
    return (image.pixels * weights).sum(0).double()


class PSNR(Contender):
    """Peak signal-to-noise ratio over all three channels, in decibels, at most 100."""

    name = "PSNR"
    columns: tuple[str, ...] = ("dB",)
    concurrent = True

    def settings(self) -> dict[str, Any]:
        return {"metric": "psnr", "channels": "rgb", "ceiling": _PSNR_CEILING}

    def prepare(self, image: Image) -> torch.Tensor:
        return image.pixels.double()

    def compare(self, reference: torch.Tensor, distorted: torch.Tensor) -> tuple[float, ...]:
        same_size(reference, distorted, self.name)
        error = float(torch.nn.functional.mse_loss(reference, distorted))
        return (min(_PSNR_CEILING, -10 * math.log10(error)) if error > 0 else _PSNR_CEILING,)


class _Windowed:
    """A grey image with its means and variances under SSIM's window, each computed once.

    Parameters
    ----------
    values : (H, W) in [0, 1].
    """

    def __init__(self, values: Array) -> None:
        self.values = values
        self.shape = values.shape

    @cached_property
    def mean(self) -> Array:
        return _windowed(self.values)

    @cached_property
    def variance(self) -> Array:
        return _windowed(self.values**2) - self.mean**2


def _windowed(values: Array) -> Array:
    """Means under the window of 11 x 11 pixels; those next to a border are not to be used."""
    blur = require("scipy.ndimage", "study").gaussian_filter
    return np.asarray(blur(values, 1.5, radius=_WINDOW // 2))


class FullSizeSSIM(Contender):
    """SSIM of the luma at full size, with the window of Wang et al. (2004).

    It is scikit-image's to the last bit, but a reference's part of it is computed once. Many
    libraries compute this; its authors advise to down-sample first, see `SSIM`.
    """

    name = "SSIM (full size)"
    columns: tuple[str, ...] = ("ssim",)
    concurrent = True

    def settings(self) -> dict[str, Any]:
        return {"metric": "ssim", "of": "luma", "window": "gaussian 1.5", "by": "scikit-image"}

    def prepare(self, image: Image) -> _Windowed:
        return _Windowed(np.asarray(_grey(image).numpy()))

    def compare(self, reference: _Windowed, distorted: _Windowed) -> tuple[float, ...]:
        same_size(reference, distorted, self.name)
        if min(reference.shape) < _WINDOW:
            raise InputError(f"{self.name} needs images of at least {_WINDOW} pixels a side.")
        mean_x, mean_y = reference.mean, distorted.mean
        both = mean_x * mean_y
        covariance = _windowed(reference.values * distorted.values) - both
        luminance = (2 * both + _C1) / (mean_x**2 + mean_y**2 + _C1)
        structure = (2 * covariance + _C2) / (reference.variance + distorted.variance + _C2)
        inner = slice(_WINDOW // 2, -(_WINDOW // 2))  # where the window is whole
        return (float((luminance * structure)[inner, inner].mean()),)


class SSIM(FullSizeSSIM):
    """SSIM of the luma, down-sampled first as its authors advise.

    Averaged over F x F pixels and sampled at every F-th, F = max(1, round(shorter side / 256)):
    "suggested usage" of Z. Wang's page on SSIM and the rule of the `ssim.m` that he distributes. It
    brings an image of any size to about the scale at which people look at it.
    """

    name = "SSIM (down-sampled)"

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"down-sampled": "by round(shorter side / 256)"}

    def prepare(self, image: Image) -> _Windowed:
        grey = _grey(image)
        # MATLAB rounds halves up, Python to the even number.
        factor = max(1, math.floor(min(grey.shape) / 256 + 0.5))
        return _Windowed(np.asarray(_down_sampled(grey[None, None], factor)[0, 0].numpy()))


class MSSSIM(Contender):
    """Multiscale SSIM of the luma, as Wang, Simoncelli and Bovik (2003): five scales.

    Contrast and structure of every scale, and the luminance of the last; between two scales the
    mean over 2 x 2 pixels, sampled at every second, mirrored at odd borders as the authors' code
    does.
    """

    name = "MS-SSIM"
    columns: tuple[str, ...] = ("ms-ssim",)
    concurrent = True

    def settings(self) -> dict[str, Any]:
        return {
            "metric": "ms-ssim",
            "of": "luma",
            "window": "gaussian 1.5, 11 x 11, valid",
            "border": "mirrored",
        }

    def prepare(self, image: Image) -> torch.Tensor:
        return _grey(image)[None, None]

    def compare(self, reference: torch.Tensor, distorted: torch.Tensor) -> tuple[float, ...]:
        same_size(reference, distorted, self.name)
        least = 11 * 2 ** (len(_MS_SSIM_WEIGHTS) - 1)
        if min(reference.shape[-2:]) < least:
            raise InputError(f"MS-SSIM needs images of at least {least} pixels a side.")
        score = 1.0
        for scale, weight in enumerate(_MS_SSIM_WEIGHTS):
            luminance, structure = _ssim_parts(reference, distorted)
            last = scale == len(_MS_SSIM_WEIGHTS) - 1
            part = float((luminance * structure if last else structure).mean())
            score *= max(part, 0.0) ** weight
            reference, distorted = (_down_sampled(x, 2) for x in (reference, distorted))
        return (score,)


def _down_sampled(image: torch.Tensor, factor: int) -> torch.Tensor:
    """(1, 1, H, W) means over factor x factor pixels around every factor-th, borders mirrored.

    As MATLAB's `imfilter(image, ones(factor) / factor^2, 'symmetric')(1:factor:end, 1:factor:end)`:
    the middle of an even number of pixels is the left one of the two.
    """
    if factor == 1:
        return image
    before = (factor - 1) // 2
    after = factor - 1 - before
    for axis in (2, 3):
        size = image.shape[axis]
        first = image.narrow(axis, 0, before).flip(axis)
        last = image.narrow(axis, size - after, after).flip(axis)
        image = torch.cat((first, image, last), axis)
    return torch.nn.functional.avg_pool2d(image, factor)


def _ssim_parts(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Maps of luminance and of contrast and structure of (1, 1, H, W) images in [0, 1]."""
    offsets = torch.arange(11, dtype=x.dtype) - 5
    window = torch.exp(-(offsets**2) / (2 * 1.5**2))
    window = window / window.sum()

    def blur(image: torch.Tensor) -> torch.Tensor:
        rows = torch.nn.functional.conv2d(image, window.view(1, 1, 1, -1))
        return torch.nn.functional.conv2d(rows, window.view(1, 1, -1, 1))

    mean_x, mean_y = blur(x), blur(y)
    var_x, var_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    cov = blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return luminance, (2 * cov + 9e-4) / (var_x + var_y + 9e-4)


BASELINES: dict[str, type[Contender]] = {
    "psnr": PSNR,
    "ssim": SSIM,
    "ssim-full-size": FullSizeSSIM,
    "ms-ssim": MSSSIM,
}
"""The classic metrics by name."""


def baseline(name: str, device: torch.device | str = "cpu") -> Contender:
    """A classic metric, or a rival with its published weights, by name.

    Parameters
    ----------
    name : a key of `BASELINES` or of `msds.scoring.rivals.RIVALS`, in any case.
    device : where a rival's network runs; the classic ones run on the CPU.

    Raises
    ------
    InputError
        If there is none of this name; it names those there are.
    MissingExtraError, WeightsError
        If a rival's weights are not installed, or are others.
    """
    name = name.strip().lower()
    if name in RIVALS:
        return RIVALS[name](device)
    if name not in BASELINES:
        known = ", ".join([*BASELINES, *RIVALS])
        raise InputError(f"Unknown baseline {name!r}: expected one of {known}.")
    return BASELINES[name]()
