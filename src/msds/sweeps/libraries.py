"""Encoders that libraries bring: JPEG, WebP, AVIF, JPEG XL, and JPEG by mozjpeg."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import PIL
import PIL.Image
from PIL import features

from msds.errors import InputError, require
from msds.sweeps.codec import Codec
from msds.text import reason

if TYPE_CHECKING:
    from msds.sweeps.codec import Raster


@dataclass(frozen=True, eq=False)
class PillowCodec(Codec):
    """A format that Pillow writes, with a quality from 0 to 100.

    Attributes
    ----------
    format : as Pillow calls it.
    feature : what Pillow calls the library that encodes.
    options : further arguments of `PIL.Image.Image.save`.
    """

    name: str
    suffix: str
    format: str
    feature: str
    options: Mapping[str, Any] = field(default_factory=dict)

    by = "build of Pillow"

    @property
    def available(self) -> bool:
        """Whether this build of Pillow has it."""
        PIL.Image.init()
        return self.format in PIL.Image.SAVE

    def described(self) -> str:
        """Library and version, and what differs from Pillow's own settings."""
        version = features.version(self.feature) or "of an unknown version"
        options = "".join(f", {key} {value}" for key, value in self.options.items())
        return f"{self.feature} {version} by Pillow {PIL.__version__}{options}"

    def encode(self, raster: Raster, quality: float) -> bytes:
        if quality != int(quality) or not 0 <= quality <= 100:
            raise InputError(f"{self.name} has whole qualities from 0 to 100, not {quality:g}.")
        buffer = io.BytesIO()
        try:
            picture = PIL.Image.fromarray(raster)
            picture.save(buffer, self.format, quality=int(quality), **self.options)
        except (OSError, ValueError, MemoryError) as error:
            raise InputError(f"{self.name} cannot encode this ({reason(error)}).") from error
        return buffer.getvalue()


@dataclass(frozen=True, eq=False)
class ImagecodecsCodec(Codec):
    """A format that imagecodecs writes.

    Attributes
    ----------
    call : name of imagecodecs' codec, such as "jpegxl".
    options : further arguments of its encoding function.
    """

    name: str
    suffix: str
    call: str
    options: Mapping[str, Any] = field(default_factory=dict)

    by = "build of imagecodecs"

    def described(self) -> str:
        """Library and version, and what differs from imagecodecs' own settings."""
        library = require("imagecodecs", "sweep")
        version = getattr(library, f"{self.call}_version")()
        options = "".join(f", {key} {value}" for key, value in self.options.items())
        return f"{version} by imagecodecs {library.__version__}{options}"

    @property
    def available(self) -> bool:
        """Whether this build of imagecodecs has it."""
        library = require("imagecodecs", "sweep")
        return bool(getattr(getattr(library, self.call.upper(), None), "available", False))

    def encode(self, raster: Raster, quality: float) -> bytes:
        if not 0 <= quality <= 100:
            raise InputError(f"{self.name} has qualities from 0 to 100, not {quality:g}.")
        library = require("imagecodecs", "sweep")
        level = int(quality) if quality == int(quality) else quality
        try:
            encoded = getattr(library, f"{self.call}_encode")(raster, level=level, **self.options)
        except (RuntimeError, ValueError, TypeError, MemoryError) as error:
            raise InputError(f"{self.name} cannot encode this ({reason(error)}).") from error
        return bytes(encoded)


# One thread each: a sweep encodes several pictures at once, and seconds are to be comparable.
BUILT_IN: dict[str, Callable[[], PillowCodec | ImagecodecsCodec]] = {
    "jpeg": lambda: PillowCodec("jpeg", ".jpg", "JPEG", "libjpeg_turbo", {"optimize": True}),
    "webp": lambda: PillowCodec("webp", ".webp", "WEBP", "webp", {"method": 4}),
    "avif": lambda: PillowCodec("avif", ".avif", "AVIF", "avif", {"speed": 6, "max_threads": 1}),
    "jxl": lambda: ImagecodecsCodec("jxl", ".jxl", "jpegxl", {"effort": 7, "numthreads": 1}),
    "mozjpeg": lambda: ImagecodecsCodec("mozjpeg", ".jpg", "mozjpeg"),
}
"""By the names by which they are asked for."""
