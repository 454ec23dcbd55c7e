"""Blur, resampling, sharpening and ringing."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from .common import Array, between, from_pil, normal, smooth, to_pil
from .noise import guided


def gaussian_blur(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Gaussian blur."""
    return smooth(image, between(0.5, 4.5, strength))


def convolve(image: Array, kernel: Array) -> Array:
    """Each channel convolved with one kernel, edges reflected."""
    kernel = kernel / kernel.sum()
    planes = [ndimage.convolve(image[..., c], kernel, mode="reflect") for c in range(3)]
    return np.stack(planes, axis=-1)


def disc_blur(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Out-of-focus lens: a disc with a soft rim."""
    radius = between(0.8, 6.0, strength)
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(y, x), 0, 1).astype(np.float32)
    return convolve(image, kernel)


def motion_blur(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Movement along a straight line at a random angle."""
    length = between(2.5, 18.0, strength)
    angle = rng.uniform(0, np.pi)
    reach = int(np.ceil(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.float32)
    for step in np.linspace(-length / 2, length / 2, 8 * reach):
        row, column = reach + step * np.sin(angle), reach + step * np.cos(angle)
        kernel[round(row), round(column)] += 1
    return convolve(image, ndimage.gaussian_filter(kernel, 0.4))


def box_blur(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Box blur of fractional radius."""
    radius = between(0.6, 6.0, strength)
    return from_pil(to_pil(image).filter(ImageFilter.BoxBlur(radius)))


def glass(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Pixels taken from random places near by."""
    reach = between(0.5, 4.0, strength)
    return displace(image, reach * normal(rng, (2, *image.shape[:2])), order=1)


def displace(image: Array, offsets: Array, order: int = 1) -> Array:
    """The image sampled at its own grid plus `offsets` (2, H, W), in pixels."""
    grid = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32) + offsets
    planes = [
        ndimage.map_coordinates(image[..., c], grid, order=order, mode="reflect") for c in range(3)
    ]
    return np.stack(planes, axis=-1)


def median(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Median filter of growing size, blended to give intermediate steps."""
    size = between(2.4, 9.4, strength)
    small = 2 * int((size - 1) // 2) + 1
    weight = (size - small) / 2
    picture = to_pil(image)
    near = image if small < 3 else from_pil(picture.filter(ImageFilter.MedianFilter(small)))
    far = from_pil(picture.filter(ImageFilter.MedianFilter(small + 2)))
    return (1 - weight) * near + weight * far


def edge_keeping(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Texture smoothed away, strong edges kept."""
    return guided(image, eps=between(0.0008, 0.08, strength), sigma=3.0)


def tilt_shift(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Blur that grows away from a horizontal band."""
    height = image.shape[0]
    centre = rng.uniform(0.3, 0.7) * height
    distance = np.abs(np.arange(height, dtype=np.float32) - centre) / height
    weight = np.clip(3 * distance - 0.2, 0, 1)[:, None, None].astype(np.float32)
    return image + weight * (smooth(image, between(0.8, 5.0, strength)) - image)


def zoom_blur(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Radial blur: an average of the image at slightly different sizes."""
    height, width = image.shape[:2]
    most = between(0.01, 0.14, strength)
    grid = np.mgrid[:height, :width].astype(np.float32)
    centre = np.array([height / 2, width / 2], dtype=np.float32)[:, None, None]
    steps = np.linspace(0, -most, 6, dtype=np.float32)
    copies = [displace(image, step * (grid - centre)) for step in steps]
    return np.mean(copies, axis=0, dtype=np.float32)


def resample(image: Array, scale: float, down: int, up: int) -> Array:
    """Down by `scale` and up again with Pillow's filters."""
    height, width = image.shape[:2]
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    small = to_pil(image).resize(size, Image.Resampling(down))
    return from_pil(small.resize((width, height), Image.Resampling(up)))


def resample_bicubic(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Halved (or more) and enlarged again, bicubic."""
    return resample(image, between(1.25, 8, strength), Image.Resampling.BICUBIC, 3)


def resample_bilinear(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Halved (or more) and enlarged again, bilinear."""
    return resample(image, between(1.25, 7, strength), Image.Resampling.BILINEAR, 2)


def resample_nearest(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Down and up with the nearest pixel: jagged edges and blocks."""
    return resample(image, between(1.15, 6, strength), Image.Resampling.NEAREST, 0)


def pixelate(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Averaged blocks."""
    return resample(image, between(1.3, 7, strength), Image.Resampling.BOX, 0)


def sharpen(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Unsharp mask, too strong."""
    return image + between(0.5, 8, strength) * (image - smooth(image, rng.uniform(0.8, 1.6)))


def low_pass(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Ideal low pass, which rings at every edge."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((0, height), (0, width), (0, 0)), mode="symmetric")
    spectrum = np.fft.rfft2(padded, axes=(0, 1))
    rows = np.fft.fftfreq(padded.shape[0])[:, None]
    columns = np.fft.rfftfreq(padded.shape[1])[None, :]
    keep = np.hypot(rows, columns) < between(0.4, 0.06, strength)
    spectrum *= keep[..., None]
    return np.fft.irfft2(spectrum, s=padded.shape[:2], axes=(0, 1))[:height, :width].astype(
        np.float32
    )
