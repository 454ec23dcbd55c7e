"""GIF: its size, and whether its frames are whole. The pixels come through Pillow.

The format is that of "Graphics Interchange Format, version 89a", CompuServe, 1990.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from msds.images.formats.header import Header, exactly

MAGICS = (b"GIF87a", b"GIF89a")

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_TABLE = 0x80
_MOST_CODES, _MOST_BITS = 4096, 12


def read_gif_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size of the screen on which the frames are drawn."""
    width, height = struct.unpack_from("<HH", prefix, 6)
    return Header("gif", 8, False, width, height)


def check_gif(file: BinaryIO, frame: int) -> None:
    """Refuse a GIF that ends early, or of which a frame up to this one has not all its pixels.

    A GIF has no checksums: nothing else tells.

    Raises
    ------
    ValueError, EOFError
        If it is damaged.
    """
    flags = exactly(file, 13)[10]
    _skip_table(file, flags)
    seen = 0
    while (kind := exactly(file, 1)[0]) != _TRAILER:
        if kind == _EXTENSION:
            exactly(file, 1)
            _blocks(file)
        elif kind == _IMAGE:
            width, height, flags = struct.unpack("<4xHHB", exactly(file, 9))
            _skip_table(file, flags)
            bits = exactly(file, 1)[0]
            data = _blocks(file)
            if seen <= frame:
                found = unpacked_length(data, bits, width * height)
                if found != width * height:
                    raise ValueError(f"frame {seen} has {found} pixels, not {width * height}")
            seen += 1
        else:
            raise ValueError(f"a block of the unknown kind {kind}")


def unpacked_length(data: bytes, bits: int, most: int) -> int:
    """Bytes that a stream of GIF's LZW unpacks to, by the lengths of its strings.

    Parameters
    ----------
    bits : of a pixel.
    most : stop once it is clear that there are more.

    Raises
    ------
    ValueError
        If a code is none, or the stream does not end by the code for it.
    """
    if not 1 <= bits <= 8:
        raise ValueError(f"{bits} bits per pixel")
    clear = 1 << bits
    end = clear + 1
    lengths, width, last = [1] * (clear + 2), bits + 1, 0
    total = held = count = 0
    for byte in data:
        held |= byte << count
        count += 8
        while count >= width:
            code = held & ((1 << width) - 1)
            held >>= width
            count -= width
            if code == clear:
                lengths, width, last = [1] * (clear + 2), bits + 1, 0
                continue
            if code == end:
                return total
            if last and len(lengths) < _MOST_CODES:
                lengths.append(last + 1)
                if len(lengths) == 1 << width and width < _MOST_BITS:
                    width += 1
            if code >= len(lengths):
                raise ValueError(f"the code {code} stands for nothing")
            last = lengths[code]
            total += last
            if total > most:
                return total
    raise ValueError("the pixels of a frame end early")


def _skip_table(file: BinaryIO, flags: int) -> None:
    if flags & _TABLE:
        exactly(file, 3 << (flags & 7) + 1)


def _blocks(file: BinaryIO) -> bytes:
    """What is in a run of blocks, up to the empty one that ends it."""
    found = []
    while length := exactly(file, 1)[0]:
        found.append(exactly(file, length))
    return b"".join(found)
