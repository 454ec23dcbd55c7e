"""Example images: a photograph, and what can happen to one, made when they are first asked for."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

_PHOTO = "coffee.webp"


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _jpeg(quality: int) -> Callable[[Image.Image], bytes]:
    def made(picture: Image.Image) -> bytes:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        return buffer.getvalue()

    return made


def _noisy(picture: Image.Image) -> bytes:
    noise = np.random.default_rng(0).normal(0, 18, (picture.height, picture.width, 3))
    values = np.asarray(picture).astype(np.float64) + noise
    return _png(Image.fromarray(np.clip(values, 0, 255).round().astype(np.uint8)))


def _smeared(picture: Image.Image) -> bytes:
    """Sharp but for a part in the middle."""
    changed = picture.copy()
    width, height = picture.size
    box = (int(0.30 * width), int(0.25 * height), int(0.62 * width), int(0.70 * height))
    changed.paste(picture.crop(box).filter(ImageFilter.GaussianBlur(6)), box)
    return _png(changed)


EXAMPLES: dict[str, Callable[[Image.Image], bytes]] = {
    "original.png": _png,
    "jpeg-quality-60.jpeg": _jpeg(60),
    "jpeg-quality-8.jpeg": _jpeg(8),
    "blurred.png": lambda p: _png(p.filter(ImageFilter.GaussianBlur(2.5))),
    "one-part-blurred.png": _smeared,
    "noisy.png": _noisy,
    "brighter.png": lambda p: _png(ImageEnhance.Brightness(p).enhance(1.15)),
    "mirrored.png": lambda p: _png(ImageOps.mirror(p)),
}
"""By name; the first is the reference."""


@lru_cache(maxsize=len(EXAMPLES))
def example(name: str) -> bytes:
    """An example as a file."""
    return EXAMPLES[name](_photo())


@cache
def _photo() -> Image.Image:
    with files("msds.web.page").joinpath(_PHOTO).open("rb") as file:
        return Image.open(file).convert("RGB")
