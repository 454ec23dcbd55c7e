"""Noise of many kinds."""

from __future__ import annotations

import numpy as np

from .common import Array, between, from_pil, luma, normal, smooth, to_pil, unit


def gaussian(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """White noise, independent per channel."""
    return image + between(0.015, 0.2, strength) * normal(rng, image.shape)


def luma_noise(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """White noise, the same in all three channels."""
    return image + between(0.015, 0.18, strength) * normal(rng, (*image.shape[:2], 1))


def chroma(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Noise in the colour differences; luma is left as it is."""
    noise = normal(rng, image.shape)
    return image + between(0.03, 0.3, strength) * (noise - luma(noise))


def correlated(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Spatially correlated noise."""
    noise = unit(smooth(normal(rng, image.shape), rng.uniform(0.7, 1.6)))
    return image + between(0.015, 0.15, strength) * noise


def high_frequency(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Noise without its low frequencies."""
    noise = normal(rng, image.shape)
    return image + between(0.02, 0.2, strength) * unit(noise - smooth(noise, 1.0))


def masked(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Noise only where the image is busy."""
    grey = luma(image)
    busy = np.sqrt(np.maximum(smooth(grey**2, 2.0) - smooth(grey, 2.0) ** 2, 0))
    weight = busy / max(float(busy.mean()), 1e-3)
    return image + between(0.015, 0.15, strength) * weight * normal(rng, image.shape)


def salt_and_pepper(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Whole pixels set to black or white."""
    chance = rng.random((*image.shape[:2], 1), dtype=np.float32)
    amount = between(0.003, 0.12, strength)
    return np.where(chance < amount / 2, 0, np.where(chance > 1 - amount / 2, 1, image))


def colour_impulse(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Single channel values replaced by random ones."""
    hit = rng.random(image.shape, dtype=np.float32) < between(0.004, 0.15, strength)
    return np.where(hit, rng.random(image.shape, dtype=np.float32), image)


def speckle(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Multiplicative noise."""
    return image * (1 + between(0.04, 0.5, strength) * normal(rng, image.shape))


def poisson(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Photon noise: fewer photons at greater strength."""
    photons = between(800, 8, strength)
    return (rng.poisson(np.clip(image, 0, 1) * photons) / photons).astype(np.float32)


def uniform(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Uniformly distributed white noise."""
    noise = rng.random(image.shape, dtype=np.float32) - np.float32(0.5)
    return image + between(0.05, 0.6, strength) * noise


def film_grain(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Soft luma noise, strongest in the mid-tones."""
    grain = unit(smooth(normal(rng, (*image.shape[:2], 1)), 0.6))
    tone = 4 * np.clip(image, 0, 1) * (1 - np.clip(image, 0, 1)) + 0.2
    return image + between(0.02, 0.2, strength) * tone * grain


def stripes(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """An offset of its own for each row or each column."""
    rows = rng.random() < 0.5
    shape = (image.shape[0], 1, 1) if rows else (1, image.shape[1], 1)
    return image + between(0.01, 0.12, strength) * normal(rng, shape)


def blotches(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Low-frequency coloured noise."""
    noise = unit(smooth(normal(rng, image.shape), rng.uniform(4, 10)))
    return image + between(0.015, 0.15, strength) * noise


def denoised(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """White noise, then a median or an edge-keeping smoothing, as a camera does."""
    sigma = between(0.03, 0.25, strength)
    noisy = image + sigma * normal(rng, image.shape)
    if rng.random() < 0.5:
        return guided(noisy, eps=(1.5 * sigma) ** 2)
    return smooth(noisy, between(0.6, 1.6, strength))


def guided(image: Array, eps: float, sigma: float = 2.0) -> Array:
    """Edge-keeping smoothing: a guided filter with the image's luma as its guide."""
    guide = luma(image)
    mean_guide = smooth(guide, sigma)
    variance = smooth(guide * guide, sigma) - mean_guide**2
    mean = smooth(image, sigma)
    slope = (smooth(guide * image, sigma) - mean_guide * mean) / (variance + eps)
    return smooth(slope, sigma) * guide + smooth(mean - slope * mean_guide, sigma)


def noisy_jpeg(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Noise that has gone through JPEG."""
    from .codecs import jpeg_quality

    noisy = image + between(0.02, 0.15, strength) * normal(rng, image.shape)
    return from_pil(jpeg_quality(to_pil(noisy), round(between(80, 25, strength))))
