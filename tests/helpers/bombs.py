"""Small files that claim, or unpack to, very large images; written byte by byte."""

from __future__ import annotations

import struct
import zlib

_SHORT, _LONG = 3, 4

Tag = tuple[int, int, int, bytes]


def tiff_file(tags: list[Tag], data: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory: (tag, kind, count, value); `data` lies behind it.

    A value of four bytes is written as it is; an offset in it counts from the file's start, and
    `data` begins at 14 + 12 * len(tags).
    """
    directory = b"".join(
        struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")[:4]
        for tag, kind, count, value in tags
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + directory + struct.pack("<I", 0) + data


def number(value: int) -> bytes:
    """A value of a tag, as a LONG."""
    return struct.pack("<I", value)


def grey_tiff(width: int, height: int, before: Tag | None = None) -> bytes:
    """An uncompressed 8-bit TIFF of one strip that claims a size and holds nothing.

    A tag may be given that comes `before` the length.
    """
    return tiff_file(
        [
            (256, _LONG, 1, number(width)),
            *([before] if before else []),
            (257, _LONG, 1, number(height)),
            (258, _SHORT, 1, number(8)),
            (259, _SHORT, 1, number(1)),
            (262, _SHORT, 1, number(1)),
            (273, _LONG, 1, number(8)),
            (277, _SHORT, 1, number(1)),
            (278, _LONG, 1, number(height)),
            (279, _LONG, 1, number(width * height % 2**32)),
        ]
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, pixels: bytes, interlaced: bool) -> bytes:
    """A PNG from its compressed pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def zeros(count: int, level: int = 9) -> bytes:
    """So many zero bytes, as a Deflate stream."""
    packer = zlib.compressobj(level)
    block = bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join(parts) + packer.compress(bytes(count & 0xFFFFF)) + packer.flush()
