"""The chunks that a PNG consists of (ISO/IEC 15948)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from msds.images.formats.header import Header, exactly

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PIECE = 1 << 20


def read_png_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size and depth, and the colour that a cICP chunk states."""
    width, height, depth = struct.unpack_from(">IIB", prefix, 16)
    primaries = transfer = 2
    position = 8
    while position + 8 <= len(prefix):
        length, kind = struct.unpack_from(">I4s", prefix, position)
        if kind == b"cICP":
            primaries, transfer = prefix[position + 8], prefix[position + 9]
        if kind == b"IDAT":
            break
        position += 12 + length
    return Header("png", depth, False, width, height, primaries, transfer)


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and length of each chunk of the PNG that begins where the file is, up to its end.

    At each the file stands at the chunk's content, and may be moved.

    Raises
    ------
    EOFError
        If the file ends before the chunk that ends every PNG.
    """
    if exactly(file, 8) != SIGNATURE:
        raise ValueError("this is no PNG")
    position = file.tell()
    while True:
        file.seek(position)
        length, kind = struct.unpack(">I4s", exactly(file, 8))
        position += 12 + length
        yield kind, length
        if kind == b"IEND":
            return


def check_png(file: BinaryIO, _: int = 0) -> None:
    """Refuse a PNG of which any byte is damaged: every chunk has a checksum, which Pillow skips.

    Raises
    ------
    ValueError
        If a checksum does not fit.
    EOFError
        If the file ends early.
    """
    for kind, length in chunks(file):
        found = zlib.crc32(kind)
        left = length
        while left:
            piece = exactly(file, min(left, _PIECE))
            found = zlib.crc32(piece, found)
            left -= len(piece)
        if exactly(file, 4) != struct.pack(">I", found):
            raise ValueError(f"the checksum of a chunk {kind!r} does not fit")


def check_pngs_within(file: BinaryIO, _: int) -> None:
    """The same of all PNGs within another file, such as an icon."""
    data = file.read()
    start = data.find(SIGNATURE)
    while start >= 0:
        file.seek(start)
        check_png(file)
        start = data.find(SIGNATURE, start + 1)


def has_late_metadata(file: BinaryIO) -> bool:
    """Whether a PNG has text or EXIF after its pixels, where only a decoder finds it."""
    file.seek(0)
    pixels = False
    try:
        for kind, _ in chunks(file):
            pixels |= kind == b"IDAT"
            if pixels and kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
                return True
    except (ValueError, EOFError):
        pass
    return False
