"""Tone curves, colour, quantisation and dithering."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .common import Array, between, from_pil, luma, normal, smooth, to_pil


def sign(rng: np.random.Generator) -> float:
    """-1 or 1."""
    return 1.0 if rng.random() < 0.5 else -1.0


def contrast_down(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Contrast lowered around the mean."""
    mean = image.mean()
    return mean + between(0.85, 0.2, strength) * (image - mean)


def contrast_up(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Contrast raised around the mean, with clipping."""
    mean = image.mean()
    return mean + between(1.15, 3.5, strength) * (image - mean)


def mean_shift(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """All values up or down."""
    return image + sign(rng) * between(0.03, 0.35, strength)


def gamma(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """A power law, lighter or darker."""
    return np.clip(image, 0, 1) ** np.float32(between(1.12, 3.0, strength) ** sign(rng))


def exposure(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Over- or underexposure in linear light."""
    stops = between(0.25, 2.5, strength) * sign(rng)
    linear = np.clip(image, 0, 1) ** np.float32(2.2) * np.float32(2**stops)
    return np.clip(linear, 0, 1) ** np.float32(1 / 2.2)


def saturation(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Colours washed out."""
    grey = luma(image)
    return grey + (1 - between(0.2, 1.0, strength)) * (image - grey)


def oversaturation(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Colours too strong."""
    grey = luma(image)
    return grey + between(1.3, 5.0, strength) * (image - grey)


def hue(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Colour differences turned round the grey axis."""
    angle = sign(rng) * between(0.12, 2.2, strength)
    axis = np.full(3, 1 / np.sqrt(3))
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = (
        np.cos(angle) * np.eye(3)
        + np.sin(angle) * cross
        + (1 - np.cos(angle)) * np.outer(axis, axis)
    )
    return image @ turn.T.astype(np.float32)


def colour_cast(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """An offset per channel: wrong white balance."""
    direction = normal(rng, (3,))
    direction -= direction.mean()
    direction /= max(float(np.abs(direction).max()), 1e-3)
    return image + between(0.03, 0.3, strength) * direction


def vignette(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Dark corners."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius = np.hypot(y / height - 0.5, x / width - 0.5)[..., None] / np.float32(0.7072)
    return image * (1 - between(0.12, 0.95, strength) * radius**2)


def haze(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """A veil of light grey, thicker towards the top."""
    rows = np.linspace(1.0, 0.6, image.shape[0], dtype=np.float32)[:, None, None]
    veil = between(0.08, 0.8, strength) * rows
    return image * (1 - veil) + np.float32(0.85) * veil


def local_light(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Slowly varying illumination."""
    field = smooth(normal(rng, (*image.shape[:2], 1)), 20.0)
    field /= max(float(np.abs(field).max()), 1e-6)
    return image * (1 + between(0.1, 0.9, strength) * field)


def quantise(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Few values per channel, no dithering."""
    steps = between(24, 2.2, strength)
    return np.round(np.clip(image, 0, 1) * steps) / np.float32(steps)


def palette(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Few colours, chosen for the image, with or without error diffusion."""
    dither = Image.Dither.FLOYDSTEINBERG if rng.random() < 0.7 else Image.Dither.NONE
    colours = max(3, round(between(96, 4, strength)))
    reduced = to_pil(image).quantize(colours, method=Image.Quantize.MEDIANCUT)
    return from_pil(to_pil(image).quantize(palette=reduced, dither=dither))


def ordered_dither(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Bayer dithering to few values per channel."""
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    threshold = ((bayer + 0.5) / 16 - 0.5).astype(np.float32)
    height, width = image.shape[:2]
    tiled = np.tile(threshold, (height // 4 + 1, width // 4 + 1))[:height, :width, None]
    steps = between(24, 1.5, strength)
    return np.round(np.clip(image, 0, 1) * steps + tiled) / np.float32(steps)


def solarise(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Bright tones folded back."""
    knee = between(0.85, 0.4, strength) * float(image.max())
    return np.where(image > knee, 2 * np.float32(knee) - image, image)
