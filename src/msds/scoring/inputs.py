"""Files as the engine takes them: read in threads, with digests, or in parts where too large."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import PIL.Image
from torch import Tensor

from msds.encoding.shortage import is_out_of_memory
from msds.errors import MSDSError
from msds.files import sha256_file
from msds.images import Image, Regions, load_image, open_regions
from msds.images.colour import parse_background
from msds.images.formats.identify import read_header
from msds.images.limits import (
    MAX_PIXELS,
    Limits,
    MemoryLimitError,
    check_file,
    check_memory,
    display_name,
    pillow_limit,
)
from msds.images.loading import Source
from msds.images.transfer import parse_transfer
from msds.metric.saliency import Saliency
from msds.pairs import ImageFile
from msds.scoring.cache import DiskCache, Encoded, kept_as
from msds.scoring.memory import DEFAULT_TOTAL, LEAST_TOTAL, decoding_share, total_for

BYTES_PER_PIXEL = 12
"""Of three float32 values."""

COLUMN_BYTES = 4096
"""What each column of an image takes while it is encoded in pieces: some rows of every layer and
level, which run over the full width (measured: 3 to 4 KiB with `compact`)."""

UNKNOWN_BYTES = 64 * 2**20
"""What an image is taken for whose header does not tell its size."""


@dataclass(frozen=True)
class Reading:
    """How files become pixels.

    Attributes
    ----------
    background : what transparent pixels are shown on.
    transfer : how the samples of files are meant that need to be told, see `msds.load_image`.
    max_pixels : larger images are refused, whether read whole or in parts.
    frame : which image of files that have several, from 0.
    memory : bytes in which all is done; a file that would take more than its share of it, judged by
        its header, is refused before it is decoded. Any amount by default.
    saliency : which parts of the images count, in scores calibrated by saliency; all by default.

    Raises
    ------
    InputError
        If one of them is not what `msds.load_image` takes.
    """

    background: str = "white"
    transfer: str | None = None
    max_pixels: int = MAX_PIXELS
    frame: int | None = None
    memory: int | None = None
    saliency: Saliency | None = None

    def __post_init__(self) -> None:
        parse_background(self.background)
        if self.transfer is not None:
            parse_transfer(self.transfer)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Reading:
        """How a run of these settings read its files, see `settings`."""
        names = ("background", "transfer", "frame")
        return cls(**{n: settings[n] for n in names if settings.get(n) is not None})

    def within(self, memory: int | None) -> Reading:
        """The same within so many bytes in all, or within the default of them."""
        return replace(self, memory=max(LEAST_TOTAL, memory or DEFAULT_TOTAL))

    def load(self, source: Source) -> Image:
        """The whole image."""
        with self._memory_named():
            image = load_image(source, **self._options)
            self._check_width(image)
            return image

    def open(self, path: str | os.PathLike[str]) -> Regions:
        """The image in parts."""
        with self._memory_named():
            regions = open_regions(path, **self._options)
            try:
                self._check_width(regions)
            except MemoryLimitError:
                regions.close()
                raise
            return regions

    def _check_width(self, image: Image | Regions) -> None:
        """Refuse an image of which too little of the height fits into memory."""
        if self.memory is not None:
            limits = Limits(memory=decoding_share(self.memory))
            check_memory(COLUMN_BYTES * image.width, limits, image.source)

    @property
    def _options(self) -> dict[str, Any]:
        return {
            "background": self.background,
            "transfer": self.transfer,
            "frame": self.frame,
            "max_pixels": self.max_pixels,
            "memory": None if self.memory is None else decoding_share(self.memory),
        }

    @contextmanager
    def _memory_named(self) -> Iterator[None]:
        """Say how much memory would do for a file that takes too much of it."""
        try:
            yield
        except MemoryLimitError as error:
            error.advise(f"--memory {total_for(error.needed)} would do")
            raise

    @property
    def settings(self) -> dict[str, Any]:
        """What changes pixels, or which of them count, as JSON-able values."""
        frame = {} if self.frame is None else {"frame": self.frame}
        calibration = {} if self.saliency is None else self.saliency.settings
        return {"background": self.background, "transfer": self.transfer, **frame, **calibration}

    def masked(self, image: Image, given: Source | None) -> tuple[Image, Tensor | None]:
        """An image, with a note on how much of it counts, and its saliency mask if there are any.

        Parameters
        ----------
        image : as `load` gives it.
        given : its saliency map, where maps are given.

        Raises
        ------
        InputError
            If a map is missing, cannot be read or keeps nothing of the image.
        """
        if self.saliency is None:
            return image, None
        mask = self.saliency.mask(image.pixels, given)
        note = f"saliency keeps {float(mask.mean()):.0%} of it"
        return replace(image, notes=(*image.notes, note)), mask


@dataclass(frozen=True)
class Input:
    """What a thread made of a file.

    Attributes
    ----------
    sha256 : digest of the file.
    seconds : time it took.
    image : its pixels, or None if it is to be read in parts or its encoding was kept.
    content : digest of the pixels, and of the mask; equal images are encoded once.
    encoded : its encoding, if it was kept.
    failure : why it could not be decoded.
    mask : which of its pixels count, in scores calibrated by saliency.
    saliency_sha256 : digest of its saliency map, if it has one.
    """

    sha256: str
    seconds: float
    image: Image | None = None
    content: str = ""
    encoded: Encoded | None = None
    failure: Exception | None = None
    mask: Tensor | None = None
    saliency_sha256: str | None = None


def read_input(file: ImageFile, reading: Reading, cache: DiskCache | None, large: bool) -> Input:
    """Read a file; of one that cannot be decoded the digest is known nevertheless.

    Parameters
    ----------
    file : an image, and its saliency map if it has one.
    large : whether it is to be read in parts, which is left to the caller.

    Raises
    ------
    InputError
        If it cannot be read at all.
    """
    start = time.perf_counter()
    sha256 = _digest_of(file.path, reading)
    given = None if file.saliency is None else _digest_of(file.saliency, reading)
    read = Input(sha256, 0.0, saliency_sha256=given)
    encoded = cache.find(kept_as(sha256, given)) if cache is not None else None
    if encoded is not None:
        read = replace(read, encoded=encoded)
    elif not large:
        try:
            image, mask = reading.masked(reading.load(file.path), file.saliency)
            read = replace(read, image=image, content=_content(image, mask), mask=mask)
        except Exception as error:  # whatever a decoder raises: the file was read all the same
            read = replace(read, failure=error)
    return replace(read, seconds=time.perf_counter() - start)


def _digest_of(path: Path, reading: Reading) -> str:
    """The digest of a file, or an error that says what is wrong with it."""
    check_file(path, display_name(path))  # a pipe or a device would never end
    try:
        return sha256_file(path)
    except (OSError, ValueError):
        reading.load(path)  # says what is wrong with the file
        raise


def _content(image: Image, mask: Tensor | None) -> str:
    """Digest of pixels and mask: equal images are encoded once."""
    digest = hashlib.sha256()
    for values in (image.pixels, *(() if mask is None else (mask,))):
        array = values.contiguous().numpy()
        digest.update(f"{array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def pixel_bytes(path: Path) -> int:
    """Memory that the decoded image takes, judged by the file's header."""
    count = pixel_count(path)
    return UNKNOWN_BYTES if count is None else count * BYTES_PER_PIXEL


def pixel_count(path: Path) -> int | None:
    """Pixels of an image, by the file's header; None if that does not tell."""
    try:
        name = display_name(path)
        check_file(path, name)
        with path.open("rb") as file:
            header = read_header(file)
            if header.width and header.height:
                return header.width * header.height
            file.seek(0)
            with pillow_limit(MAX_PIXELS, name), PIL.Image.open(file) as picture:
                return int(picture.width * picture.height)
    except Exception:  # whatever a decoder raises: reading the file will say what is wrong
        return None


def explain(error: Exception, path: Path) -> str:
    """One sentence on why a file could not be read, whatever was raised."""
    if isinstance(error, MSDSError):
        return named(str(error), path)
    if is_out_of_memory(error):
        return named("not enough memory to decode this image.", path)
    reason = f"{type(error).__name__}: {error}".rstrip(".")
    return named(f"cannot be read ({reason}).", path)


def named(text: str, path: Path) -> str:
    """A sentence with the file's name in front, which can be stored whatever is in the name."""
    name = display_name(path)
    text = display_name(text)
    return text if text.startswith(name) else f"{name}: {text}"
