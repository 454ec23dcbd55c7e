"""Distortions by family, each at any strength in [0, 1] (level 1 is 0, level 5 is 1).

A family is a function of an image (H, W, 3) in [0, 1], a strength and a random generator.
`HELD_OUT` families are never seen in training; they test how well a trunk generalises.
"""

from __future__ import annotations

import numpy as np

from . import blur, codecs, noise, spatial, tone
from .common import Array, Distort

LEVELS = 5

_FUNCTIONS: tuple[Distort, ...] = (
    noise.gaussian,
    noise.luma_noise,
    noise.chroma,
    noise.correlated,
    noise.high_frequency,
    noise.masked,
    noise.salt_and_pepper,
    noise.colour_impulse,
    noise.speckle,
    noise.poisson,
    noise.uniform,
    noise.film_grain,
    noise.stripes,
    noise.blotches,
    noise.denoised,
    noise.noisy_jpeg,
    blur.gaussian_blur,
    blur.disc_blur,
    blur.motion_blur,
    blur.box_blur,
    blur.glass,
    blur.median,
    blur.edge_keeping,
    blur.tilt_shift,
    blur.zoom_blur,
    blur.resample_bicubic,
    blur.resample_bilinear,
    blur.resample_nearest,
    blur.pixelate,
    blur.sharpen,
    blur.low_pass,
    codecs.jpeg,
    codecs.jpeg2000,
    codecs.webp,
    codecs.avif,
    codecs.jpeg_xl,
    codecs.jpeg_twice,
    codecs.broken_rows,
    codecs.fading,
    codecs.blurred_chroma,
    tone.contrast_down,
    tone.contrast_up,
    tone.mean_shift,
    tone.gamma,
    tone.exposure,
    tone.saturation,
    tone.oversaturation,
    tone.hue,
    tone.colour_cast,
    tone.vignette,
    tone.haze,
    tone.local_light,
    tone.quantise,
    tone.palette,
    tone.ordered_dither,
    tone.solarise,
    spatial.coloured_blocks,
    spatial.copied_blocks,
    spatial.lost_blocks,
    spatial.missing_samples,
    spatial.interlace,
    spatial.chromatic_shift,
    spatial.ghost,
    spatial.translate,
    spatial.rotate,
    spatial.elastic,
    spatial.dead_rows,
)

FAMILIES: dict[str, Distort] = {function.__name__: function for function in _FUNCTIONS}

HELD_OUT: tuple[str, ...] = (
    "poisson",
    "motion_blur",
    "webp",
    "hue",
    "vignette",
    "interlace",
    "ghost",
    "zoom_blur",
    "luma_noise",
    "pixelate",
)
TRAINING: tuple[str, ...] = tuple(name for name in FAMILIES if name not in HELD_OUT)

TRANSMISSION: dict[str, Distort] = {
    function.__name__: function for function in (codecs.jpeg_errors, codecs.jpeg2000_errors)
}
"""Drawn by `training.mixture` too; not in `FAMILIES`, by which versions are compared."""


def strength_of(level: float) -> float:
    """Strength of a level counted from 1 (just visible) to 5 (severe)."""
    return (level - 1) / (LEVELS - 1)


def apply(name: str, image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Distort `image` by the family `name`; the result is rounded to 8 bits."""
    out = np.nan_to_num((FAMILIES | TRANSMISSION)[name](image, strength, rng))
    return np.round(np.clip(out, 0, 1) * 255).astype(np.float32) / np.float32(255)
