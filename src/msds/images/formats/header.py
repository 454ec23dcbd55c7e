"""`Header`: what a file is and how deep its samples are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True)
class Header:
    """What the first bytes of a file say.

    Attributes
    ----------
    container : ``"png"``, ``"tiff"``, ``"jpeg"``, ``"avif"``, ``"heif"``, ``"jxl"``, ``"jp2"``,
        ``"exr"``, ``"radiance"``, ``"pnm"``, ``"pfm"``, ``"npy"``; ``"other"`` for the rest.
    depth : bits per sample; 0 where the header does not tell.
    floating : whether samples are floating-point numbers.
    width, height : size in pixels; 0 where the header does not tell.
    primaries, transfer : code points of ITU-T H.273; 2 where none are stated.
    """

    container: str
    depth: int = 0
    floating: bool = False
    width: int = 0
    height: int = 0
    primaries: int = 2
    transfer: int = 2

    @property
    def deep(self) -> bool:
        """Whether 8 bits per sample cannot hold what the file holds."""
        return self.floating or self.depth > 8 or self.container in ("jxl", "heif")


def exactly(file: BinaryIO, count: int) -> bytes:
    """The next bytes of a file; EOFError if there are fewer."""
    data = file.read(count)
    if len(data) < count:
        raise EOFError("the header ends early")
    return data
