"""`SourceFile`: one image file on its way through a decoder, with everything asked about it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from msds.errors import InputError, MSDSError
from msds.images.formats.header import Header
from msds.images.limits import MAX_PIXELS, check_frame, check_size, named_memory_errors
from msds.images.transfer import SRGB, Transfer

EXTRA = "formats"
"""The extra that brings the libraries of most formats."""


@dataclass(frozen=True)
class SourceFile:
    """An image file that is to be decoded.

    Attributes
    ----------
    content : its path, or its bytes.
    name : what to call it in an error.
    header : what its first bytes say.
    frame : which image of a file with several, from 0; None if none was named.
    max_pixels : larger images are refused.
    transfer : how the colour samples are meant.
    """

    content: Path | bytes
    name: str
    header: Header
    frame: int | None = None
    max_pixels: int = MAX_PIXELS
    transfer: Transfer = SRGB

    def open(self) -> BinaryIO:
        """The file, open for reading at its start."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.path.open("rb")

    def read(self) -> bytes:
        """All bytes of the file."""
        return self.content if isinstance(self.content, bytes) else self.path.read_bytes()

    @property
    def path(self) -> Path:
        """Where the file lies; TypeError if only its bytes are there."""
        if isinstance(self.content, bytes):
            raise TypeError(f"{self.name} has no path")
        return self.content

    def check_size(self, width: int, height: int) -> None:
        """Refuse an image with no pixels, or with more than are allowed."""
        check_size(width, height, self.max_pixels, self.name)

    def check_frame(self, count: int) -> int:
        """The frame that was asked for; the only one if none was."""
        return check_frame(self.frame, count, self.name)


@contextmanager
def decoding(name: str, wrong: str) -> Iterator[None]:
    """Name the file in whatever a decoder raises while the block runs.

    Decoders meet damaged data with errors of any kind. All become an InputError; but lack of memory
    stays recognisable, and what was raised on purpose goes through.

    Parameters
    ----------
    name : of the file.
    wrong : what it means, such as ``"the PNG data are truncated or damaged"``.
    """
    try:
        with named_memory_errors(name):
            yield
    except MSDSError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{name}: {wrong} ({reason}).") from error
