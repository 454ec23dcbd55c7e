"""Blocks lost or copied, missing samples, and small geometric changes."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .blur import displace
from .common import Array, between, normal, smooth


def coloured_blocks(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Some 32 x 32 blocks replaced by a flat colour."""
    out = image.copy()
    height, width = image.shape[:2]
    for _ in range(max(1, round(between(1, 12, strength) * height * width / 36864))):
        y, x = int(rng.integers(height - 31)), int(rng.integers(width - 31))
        out[y : y + 32, x : x + 32] = rng.random(3, dtype=np.float32)
    return out


def copied_blocks(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Small blocks replaced by a neighbour a few pixels away."""
    out = image.copy()
    height, width = image.shape[:2]
    for _ in range(max(2, round(between(10, 250, strength) * height * width / 36864))):
        y, x = int(rng.integers(16, height - 32)), int(rng.integers(16, width - 32))
        dy, dx = rng.integers(-14, 15, 2)
        out[y : y + 15, x : x + 15] = image[y + dy : y + dy + 15, x + dx : x + dx + 15]
    return out


def lost_blocks(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Missing 16 x 16 blocks, concealed with the row above or left grey."""
    out = image.copy()
    height, width = image.shape[:2]
    conceal = rng.random() < 0.5
    lost = rng.random((height // 16, width // 16)) < between(0.02, 0.35, strength)
    for by, bx in np.argwhere(lost):
        y, x = 16 * int(by), 16 * int(bx)
        source = out[y - 1 : y, x : x + 16] if conceal and y else np.float32(0.5)
        out[y : y + 16, x : x + 16] = source
    return out


def missing_samples(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Pixels dropped at random and filled in from their surroundings."""
    keep = (rng.random((*image.shape[:2], 1)) > between(0.15, 0.95, strength)).astype(np.float32)
    filled, weight = image * keep, keep
    spread = between(0.7, 2.0, strength)
    estimate = smooth(filled, spread) / np.maximum(smooth(weight, spread), 1e-4)
    return np.where(keep > 0, image, estimate)


def interlace(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Every other row taken from a sideways shifted image: combing."""
    out = image.copy()
    shift = between(0.5, 10.0, strength)
    out[1::2] = ndimage.shift(image, (0, shift, 0), order=1, mode="nearest")[1::2]
    return out


def chromatic_shift(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Red and blue displaced in opposite directions."""
    angle = rng.uniform(0, 2 * np.pi)
    reach = between(0.4, 5.0, strength)
    offset = (reach * np.sin(angle), reach * np.cos(angle))
    out = image.copy()
    out[..., 0] = ndimage.shift(image[..., 0], offset, order=1, mode="nearest")
    out[..., 2] = ndimage.shift(image[..., 2], (-offset[0], -offset[1]), order=1, mode="nearest")
    return out


def ghost(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """A fainter, displaced copy on top."""
    offset = rng.uniform(4, 12, 2) * np.where(rng.random(2) < 0.5, -1, 1)
    copy = ndimage.shift(image, (*offset, 0), order=1, mode="nearest")
    weight = np.float32(between(0.06, 0.5, strength))
    return (1 - weight) * image + weight * copy


def translate(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """A shift of a fraction of a pixel up to several pixels."""
    angle = rng.uniform(0, 2 * np.pi)
    reach = between(0.5, 8.0, strength)
    offset = (reach * np.sin(angle), reach * np.cos(angle), 0)
    return ndimage.shift(image, offset, order=1, mode="reflect")


def rotate(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """A small turn about the centre."""
    angle = between(0.3, 6.0, strength) * (1 if rng.random() < 0.5 else -1)
    return ndimage.rotate(image, angle, reshape=False, order=1, mode="reflect")


def elastic(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """A smooth random displacement field."""
    field = np.stack([smooth(normal(rng, (*image.shape[:2], 1)), 8.0)[..., 0] for _ in range(2)])
    field *= between(0.5, 6.0, strength) / max(float(field.std()), 1e-6)
    return displace(image, field)


def dead_rows(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Whole rows or columns black or white."""
    out = image.copy()
    target = out if rng.random() < 0.5 else out.swapaxes(0, 1)
    lines = rng.random(target.shape[0]) < between(0.01, 0.25, strength)
    target[lines] = np.float32(rng.random() < 0.5)
    return out
