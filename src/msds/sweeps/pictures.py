"""References of a sweep: read once, prepared once for each metric, let go when all is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from msds.errors import InputError
from msds.files import sha256_file
from msds.images import Image
from msds.report.pictures import eight_bits
from msds.scoring.inputs import Reading, explain
from msds.sweeps.plan import Source

if TYPE_CHECKING:
    from msds.sweeps.codec import Raster


class Original:
    """An image to encode, read by whichever thread comes first.

    Parameters
    ----------
    source : the file.
    reading : how it becomes pixels.
    uses : encodings that need it.
    """

    def __init__(self, source: Source, reading: Reading, uses: int) -> None:
        self.source = source
        self.uses = uses
        self._prepared: dict[object, Any] = {}
        self._reading = reading
        self._lock = RLock()
        self._read: tuple[Image, Raster, str] | None = None
        self._error: str | None = None

    def read(self) -> tuple[Image, Raster, str]:
        """The image as metrics take it, as encoders take it, and the digest of its file.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        with self._lock:
            if self._error is None and self._read is None:
                try:
                    image = self._reading.load(self.source.path)
                    self._read = image, raster_of(image), sha256_file(self.source.path)
                except Exception as error:  # whatever a decoder raises costs this image only
                    self._error = explain(error, self.source.path)
            if self._error is not None:
                raise InputError(self._error)
            assert self._read is not None
            return self._read

    def prepared(self, metric: object, prepare: Callable[[Image], Any]) -> Any:
        """What a metric keeps of the image, made once."""
        with self._lock:
            if metric not in self._prepared:
                self._prepared[metric] = prepare(self.read()[0])
            return self._prepared[metric]


def raster_of(image: Image) -> Raster:
    """The (H, W, 3) picture that encoders take: eight bits, rounded where there were more."""
    return eight_bits(image.pixels)


@dataclass(frozen=True)
class EncodedFile:
    """A picture at a setting of an encoder: the file, and what is seen of it.

    Attributes
    ----------
    data : the file.
    image : its pixels, decoded as this package decodes any file.
    encode_seconds, decode_seconds : that both took.
    """

    data: bytes
    image: Image
    encode_seconds: float
    decode_seconds: float

    @property
    def bits_per_pixel(self) -> float:
        """Of the file, headers and all."""
        return 8 * len(self.data) / (self.image.width * self.image.height)


def encoded(raster: Raster, codec: Any, quality: float, reading: Reading, name: str) -> EncodedFile:
    """Encode a picture and decode it again.

    Parameters
    ----------
    codec : with `encode(raster, quality)`, such as a `Codec`.
    name : of the file, for what may be wrong with it.

    Raises
    ------
    InputError
        If either cannot be done.
    """
    path = Path(name)
    try:
        start = time.perf_counter()
        data = codec.encode(raster, quality)
        between = time.perf_counter()
        image = reading.load(data)
        end = time.perf_counter()
    except Exception as error:  # whatever an encoder or decoder raises costs this file only
        raise InputError(explain(error, path).replace("<bytes>: ", "")) from error
    return EncodedFile(data, image, between - start, end - between)
