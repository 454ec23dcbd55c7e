"""`SourceFile`: one image file on its way through a decoder, with everything asked about it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from msds.errors import InputError, MSDSError
from msds.images.formats.header import Header
from msds.images.limits import Limits, check_frame, check_memory, check_size, named_memory_errors
from msds.images.transfer import SRGB, Transfer

EXTRA = "formats"
"""The extra that brings the libraries of most formats."""

PIXEL_BYTES = 12
"""Of a pixel as the metric takes it: three float32 values."""

MARGIN_BYTES = 4 << 20
"""What decoding takes besides, whatever the size of the image: buffers, tables, single bands."""


@dataclass(frozen=True)
class SourceFile:
    """An image file that is to be decoded.

    Attributes
    ----------
    content : its path, or its bytes.
    name : what to call it in an error.
    header : what its first bytes say.
    frame : which image of a file with several, from 0; None if none was named.
    limits : how large the image may be, and what decoding it may take.
    transfer : how the colour samples are meant.
    whole : whether all its pixels will be needed at once; else its samples are kept as they are,
        and become pixels a part at a time.
    """

    content: Path | bytes
    name: str
    header: Header
    frame: int | None = None
    limits: Limits = field(default_factory=Limits)
    transfer: Transfer = SRGB
    whole: bool = True

    def open(self) -> BinaryIO:
        """The file, open for reading at its start."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.path.open("rb")

    def read(self) -> bytes:
        """All bytes of the file."""
        return self.content if isinstance(self.content, bytes) else self.path.read_bytes()

    @property
    def size(self) -> int:
        """Bytes of the file."""
        content = self.content
        return len(content) if isinstance(content, bytes) else content.stat().st_size

    @property
    def path(self) -> Path:
        """Where the file lies; TypeError if only its bytes are there."""
        if isinstance(self.content, bytes):
            raise TypeError(f"{self.name} has no path")
        return self.content

    def check_size(self, width: int, height: int) -> None:
        """Refuse an image with no pixels, or with more than are allowed."""
        check_size(width, height, self.limits.pixels, self.name)

    def check_memory(self, pixels: int, decoding: float, samples: float) -> None:
        """Refuse an image whose decoding would take more memory than is allowed.

        Parameters
        ----------
        pixels : of the image.
        decoding : bytes that the decoder takes at most, with the samples it gives.
        samples : bytes of these.
        """
        held = samples + (PIXEL_BYTES * pixels if self.whole else 0)
        check_memory(int(max(decoding, held)) + MARGIN_BYTES, self.limits, self.name)

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
