"""Saliency masks for the calibrated variant of DeepSSIM.

The mask is 1 where a saliency map lies above a threshold and 0 elsewhere; DeepSSIM multiplies it
onto the output of conv1_1 (arXiv 2412.19553). Its authors advise it for image retargeting and
other tasks in which sharpness is not lost, not in general. They use maps of GBVS: any map can be
read here, and the spectral residual of Hou and Zhang (CVPR 2007) is computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from msds.errors import InputError
from msds.images import Source, load_image

METHODS = ("spectral-residual",)
MAPS = "maps"
"""In place of a method: every image comes with a map of its own."""

# As in the program Hou and Zhang published: 64 pixels wide, a Gaussian of 2.5 pixels, the log
# amplitude averaged over 3 x 3.
_WIDTH = 64
_SIGMA = 2.5
_RADIUS = 5
_LUMA = (0.299, 0.587, 0.114)
_LEAST_AMPLITUDE = 1e-8
_FLAT = 1e-6


@dataclass(frozen=True)
class Saliency:
    """How the salient parts of images are told from the rest: a setting of a calibrated score.

    Attributes
    ----------
    method : how their saliency is computed, one of `METHODS`, or "maps" for given maps.
    threshold : pixels with a saliency above it are kept; in [0, 1).

    Raises
    ------
    InputError
        If one of them is not allowed.
    """

    method: str = MAPS
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in (MAPS, *METHODS):
            raise InputError(
                f"saliency method is {self.method!r}; expected one of {', '.join(METHODS)}, or "
                f"{MAPS}."
            )
        _check_threshold(self.threshold)

    @property
    def settings(self) -> dict[str, str | float]:
        """What results and cached encodings say of it."""
        return {"saliency": self.method, "saliency_threshold": self.threshold}

    def __str__(self) -> str:
        above = f">{self.threshold:g}" if self.threshold else ""
        return f"saliency({self.method}{above})"

    def mask(self, pixels: torch.Tensor, given: Source | None = None) -> torch.Tensor:
        """The mask of one image.

        Parameters
        ----------
        pixels : (3, H, W) image in [0, 1].
        given : its map, where the method is "maps".

        Returns
        -------
        (1, H, W) float32 tensor of 0 and 1.

        Raises
        ------
        InputError
            If a map is missing, cannot be read or keeps nothing of the image.
        """
        if self.method != MAPS:
            return saliency_mask(pixels[None], self.method, self.threshold)[0]
        if given is None:
            raise InputError("there is no saliency map of this image.")
        height, width = pixels.shape[-2:]
        return load_mask(given, (height, width), self.threshold)[0]


def saliency_map(image: torch.Tensor, method: str = "spectral-residual") -> torch.Tensor:
    """Saliency of each pixel by the spectral residual of Hou and Zhang (CVPR 2007).

    The log amplitude spectrum of the grey image, 64 pixels wide, less its local average is what is
    unusual in it; transformed back with the image's own phase, squared and smoothed, it shows
    where that lies.

    Parameters
    ----------
    image : (N, 3, H, W) float tensor in [0, 1].
    method : ``"spectral-residual"``.

    Returns
    -------
    (N, 1, H, W) float32 tensor; each map runs from 0 to 1, and is 1 everywhere for an image of one
    colour, in which nothing stands out.
    """
    if method not in METHODS:
        raise InputError(f"saliency method is {method!r}; expected one of {', '.join(METHODS)}.")
    if image.ndim != 4 or image.shape[1] != 3:
        raise InputError(f"image has shape {tuple(image.shape)}; expected (N, 3, H, W).")
    height, width = image.shape[-2:]
    # The logarithms need float32, whatever precision the trunk runs in.
    with torch.autocast(image.device.type, enabled=False), torch.no_grad():
        luma = torch.tensor(_LUMA, device=image.device).view(1, 3, 1, 1)
        grey = (image.float() * luma).sum(dim=1, keepdim=True)
        if width > _WIDTH:
            size = (max(1, round(height * _WIDTH / width)), _WIDTH)
            grey = interpolate(grey, size, mode="bilinear", antialias=True, align_corners=False)
        saliency = interpolate(_residual(grey), (height, width), mode="bilinear")
        low, high = saliency.amin((2, 3), keepdim=True), saliency.amax((2, 3), keepdim=True)
        flat = grey.amax((2, 3), keepdim=True) - grey.amin((2, 3), keepdim=True) < _FLAT
        span = torch.where(high > low, high - low, torch.ones_like(high))
        return torch.where(flat, torch.ones_like(saliency), (saliency - low) / span)


def saliency_mask(
    image: torch.Tensor, method: str = "spectral-residual", threshold: float = 0.0
) -> torch.Tensor:
    """Mask of the salient pixels of each image.

    Parameters
    ----------
    image : (N, 3, H, W) float tensor in [0, 1].
    method : see `saliency_map`.
    threshold : pixels with a saliency above it are kept; in [0, 1).

    Returns
    -------
    (N, 1, H, W) float32 tensor of 0 and 1.
    """
    _check_threshold(threshold)
    return (saliency_map(image, method) > threshold).float()


def load_mask(source: Source, size: tuple[int, int], threshold: float = 0.0) -> torch.Tensor:
    """Read a saliency map and turn it into a mask.

    Parameters
    ----------
    source : a map as anything `msds.images.load_image` reads, in [0, 1] or scaled by its integer
        type; of a map in colours the first channel is taken, as DeepSSIM's authors do.
    size : height and width of the mask; a map of another size is resized bilinearly before the
        threshold is applied.
    threshold : pixels with a saliency above it are kept; in [0, 1).

    Returns
    -------
    (1, 1, H, W) float32 tensor of 0 and 1.

    Raises
    ------
    InputError
        If the map cannot be read, or nothing in it lies above the threshold.
    """
    _check_threshold(threshold)
    image = load_image(source)
    saliency = image.pixels[:1][None]
    if tuple(saliency.shape[-2:]) != tuple(size):
        saliency = interpolate(saliency, size, mode="bilinear", antialias=True, align_corners=False)
    mask = (saliency > threshold).float()
    if not mask.any():
        raise InputError(
            f"{image.source}: no saliency above {threshold:g}, the greatest is"
            f" {float(saliency.max()):.3g}; expected a map that leaves something of the image."
        )
    return mask


def _residual(grey: torch.Tensor) -> torch.Tensor:
    """Spectral residual of (N, 1, H, W) grey images: squared, smoothed, not scaled."""
    spectrum = torch.fft.fft2(grey)
    log_amplitude = spectrum.abs().clamp_min(_LEAST_AMPLITUDE).log()
    around = avg_pool2d(pad(log_amplitude, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    unusual = torch.polar((log_amplitude - around).exp(), spectrum.angle())
    energy = torch.fft.ifft2(unusual).abs().square()
    positions = torch.arange(-_RADIUS, _RADIUS + 1, dtype=torch.float32, device=grey.device)
    bell = (-positions.square() / (2 * _SIGMA**2)).exp()
    bell = bell / bell.sum()
    rows = conv2d(energy, bell.view(1, 1, -1, 1), padding=(_RADIUS, 0))
    return conv2d(rows, bell.view(1, 1, 1, -1), padding=(0, _RADIUS))


def _check_threshold(threshold: float) -> None:
    if not (math.isfinite(threshold) and 0 <= threshold < 1):
        raise InputError(f"saliency threshold is {threshold}; expected a number in [0, 1).")
