"""Codecs, and damage done to what they transmit."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFile

from .common import Array, between, from_pil, normal, smooth, to_pil

TRIES = 6
"""Damaged streams that are tried before other damage takes their place."""


def recode(image: Image.Image, kind: str, **options: object) -> Image.Image:
    """Encode with Pillow and decode again."""
    return opened(encoded(image, kind, **options))


def jpeg_quality(image: Image.Image, quality: int, subsampling: int = 2) -> Image.Image:
    """JPEG at a libjpeg quality."""
    return recode(image, "JPEG", quality=quality, subsampling=subsampling)


def jpeg(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """JPEG, chroma halved or not."""
    quality = round(between(70, 4, strength))
    return from_pil(jpeg_quality(to_pil(image), quality, int(rng.choice([0, 2]))))


def jpeg2000(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """JPEG 2000 at a fixed compression ratio."""
    return from_pil(opened(jpeg2000_stream(image, between(10, 160, strength))))


def webp(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """WebP."""
    return from_pil(
        recode(to_pil(image), "WEBP", quality=min(100, round(between(75, 1, strength))), method=2)
    )


def avif(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """AVIF."""
    quality = max(0, round(70 - 68 * strength))
    return from_pil(recode(to_pil(image), "AVIF", quality=quality, speed=9, max_threads=1))


def jpeg_xl(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """JPEG XL (needs the package imagecodecs)."""
    import imagecodecs

    pixels = np.asarray(to_pil(image))
    data = imagecodecs.jpegxl_encode(
        pixels, distance=between(1.5, 20, strength), effort=3, numthreads=1
    )
    return imagecodecs.jpegxl_decode(data, numthreads=1).astype(np.float32) / np.float32(255)


def jpeg_twice(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """JPEG, a shift of the block grid, JPEG again."""
    quality = round(between(75, 6, strength))
    shift = (int(rng.integers(1, 8)), int(rng.integers(1, 8)))
    first = np.roll(from_pil(jpeg_quality(to_pil(image), quality)), shift, axis=(0, 1))
    second = from_pil(jpeg_quality(to_pil(first), quality))
    return np.roll(second, (-shift[0], -shift[1]), axis=(0, 1))


def broken_rows(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Lost synchronisation in a JPEG stream: stretches of 8-pixel rows slide and change colour."""
    out = from_pil(jpeg_quality(to_pil(image), 60))
    height, width = image.shape[:2]
    rows = height // 8
    for _ in range(1 + round(between(0.05, 0.5, strength) * rows)):
        row, start = int(rng.integers(rows)), int(rng.integers(width // 8)) * 8
        shift = 8 * int(rng.integers(1, 12))
        strip = np.roll(out[8 * row : 8 * row + 8], shift, axis=1)[:, start:]
        tint = 0.15 * normal(rng, (1, 1, 3))
        out[8 * row : 8 * row + 8, start:] = strip + tint
    return out


def fading(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Lost packets of a wavelet codec: bands vanish or burst in patches, as on a fading channel."""
    bands = [image - smooth(image, 1.0)]
    previous = smooth(image, 1.0)
    for sigma in (2.0, 4.0, 8.0):
        following = smooth(image, sigma)
        bands.append(previous - following)
        previous = following
    out = previous
    height, width = image.shape[:2]
    lost = between(0.12, 0.9, strength)
    for index, band in enumerate(bands):
        patch = 8 * 2**index
        grid = (height // patch + 1, width // patch + 1)
        gains = np.where(rng.random(grid) < lost, rng.uniform(-0.6, 0.5, grid), 1.0)
        if index >= 2:
            gains = np.where(rng.random(grid) < 0.6, 1.0, gains)
        gain = np.kron(gains, np.ones((patch, patch)))[:height, :width, None].astype(np.float32)
        out = out + band * smooth(gain, patch / 6)
    return out


def blurred_chroma(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Colour differences at a much lower resolution than luma."""
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    grey = (image @ weights)[..., None]
    return grey + smooth(image - grey, between(2.0, 24.0, strength))


def jpeg_errors(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Bits flipped in a JPEG stream with restart markers, as its decoder conceals them."""
    coded = encoded(to_pil(image), "JPEG", quality=int(rng.integers(40, 85)), restart_marker_rows=1)
    first = coded.index(b"\xff\xda") + 14
    flips = int(between(1, 14, strength))

    def flip(data: bytearray) -> None:
        for place in rng.integers(first, len(data) - 2, flips).tolist():
            flipped = data[place] ^ (1 << int(rng.integers(8)))
            if 0xFF not in (data[place], data[place - 1], flipped):
                data[place] = flipped

    found = concealed(coded, flip, image.shape)
    return broken_rows(image, strength, rng) if found is None else found


def jpeg2000_errors(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Bits flipped in a JPEG 2000 stream, as its decoder conceals them."""
    coded = jpeg2000_stream(image, between(12, 24, strength))
    flips = int(between(1, 8, strength))

    def flip(data: bytearray) -> None:
        for place in rng.integers(len(data) // 12 + 150, len(data) - 2, flips).tolist():
            data[place] ^= 1 << int(rng.integers(8))

    found = concealed(coded, flip, image.shape)
    return fading(image, strength, rng) if found is None else found


def concealed(
    coded: bytes, flip: Callable[[bytearray], None], shape: tuple[int, ...]
) -> Array | None:
    """What a decoder makes of the first of a few damaged copies that it reads, or None.

    Parameters
    ----------
    coded : the whole file.
    flip : damages a copy of it, each time otherwise.
    shape : that the picture must have.
    """
    for _ in range(TRIES):
        data = bytearray(coded)
        flip(data)
        found = decoded(data, shape)
        if found is not None:
            return found
    return None


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes | bytearray) -> Image.Image:
    """The picture in the bytes of a file."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def jpeg2000_stream(image: Array, rate: float) -> bytes:
    """A bare JPEG 2000 stream of a compression ratio."""
    return encoded(
        to_pil(image),
        "JPEG2000",
        quality_mode="rates",
        quality_layers=[rate],
        irreversible=True,
        no_jp2=True,
    )


def decoded(data: bytes | bytearray, shape: tuple[int, ...]) -> Array | None:
    """What a decoder makes of a damaged file; None if it gives up or finds another size."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        found = from_pil(opened(data))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
    return found if found.shape == shape else None
