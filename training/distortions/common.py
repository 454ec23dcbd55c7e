"""Shared helpers of the distortions: images are float32 arrays (H, W, 3) with values in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

Array = npt.NDArray[np.float32]
Distort = Callable[[Array, float, np.random.Generator], Array]

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def between(low: float, high: float, strength: float) -> float:
    """Geometric interpolation: `low` at strength 0, `high` at strength 1."""
    return float(low * (high / low) ** strength)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Standard normal noise as float32."""
    return rng.standard_normal(shape, dtype=np.float32)


def smooth(image: Array, sigma: float) -> Array:
    """Gaussian blur of the two image axes only."""
    return ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="reflect", truncate=3.0)


def to_pil(image: Array) -> Image.Image:
    """8-bit PIL image of a float array."""
    return Image.fromarray((np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8), "RGB")


def from_pil(image: Image.Image) -> Array:
    """Float array of an 8-bit PIL image."""
    return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255)


def luma(image: Array) -> Array:
    """Rec. 601 luma, shape (H, W, 1)."""
    return (image @ LUMA)[..., None]


def unit(noise: Array) -> Array:
    """The same noise with standard deviation 1."""
    return noise / max(float(noise.std()), 1e-6)
