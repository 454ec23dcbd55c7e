"""GIF: its size, and whether its frames are whole. The pixels come through Pillow.

The format is that of "Graphics Interchange Format, version 89a", CompuServe, 1990.
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from msds.images.formats.header import Header, exactly

Codes = npt.NDArray[Any]

MAGICS = (b"GIF87a", b"GIF89a")

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_TABLE = 0x80
_MOST_BITS, _FEW_CODES = 12, 64  # the second: of which a loop is faster than an array


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
    stream = np.frombuffer(data + bytes(4), np.uint8).astype(np.uint32)
    total = position = 0
    while total <= most:
        codes, found = _few_codes(data, position, bits)
        if codes and codes[-1] in (clear, clear + 1):
            position, last = found, codes[-1]
            total += _short_length(codes[:-1], clear)
        else:
            many, position = _codes(stream, position, 8 * len(data), bits)
            last = int(many[-1])
            total += int(_lengths(many[:-1], clear).sum())
        if last == clear + 1:
            return total
    return total


def _few_codes(data: bytes, start: int, bits: int) -> tuple[list[int], int]:
    """What `_codes` finds if that is little: a stream may clear its table at every code."""
    clear, codes = 1 << bits, list[int]()
    first = start >> 3
    window = int.from_bytes(data[first : first + _FEW_CODES], "little") >> (start & 7)
    end = min(8 * len(data), 8 * (first + _FEW_CODES))
    while len(codes) < _FEW_CODES:
        width = min(max((clear + 1 + max(len(codes), 1)).bit_length(), bits + 1), _MOST_BITS)
        if start + width > end:
            break
        codes.append(window & ((1 << width) - 1))
        window >>= width
        start += width
        if codes[-1] >> 1 == clear >> 1:
            break
    return codes, start


def _short_length(codes: list[int], clear: int) -> int:
    """What `_lengths` sums up to, for a few codes."""
    lengths: list[int] = []
    for code in codes:
        earlier = code - clear - 2
        if earlier >= len(lengths):
            raise ValueError("a code stands for nothing")
        lengths.append(1 if earlier < 0 else lengths[earlier] + 1)
    return sum(lengths)


def _codes(stream: Codes, start: int, end: int, bits: int) -> tuple[Codes, int]:
    """Codes up to the next that clears the table or ends the stream, and the bit behind it.

    The width of a code follows from how many came before it: each but the first adds a string.
    """
    clear, count = 1 << bits, _FEW_CODES
    while True:
        known = clear + 2 + np.maximum(np.arange(count) - 1, 0)
        widths = np.clip(np.frexp(known)[1], bits + 1, _MOST_BITS)
        edges = start + np.concatenate([[0], np.cumsum(widths)])
        whole = int(np.searchsorted(edges, end, "right")) - 1
        places = edges[:whole]
        first = places >> 3
        window = stream[first] | stream[first + 1] << 8 | stream[first + 2] << 16
        codes = window >> (places & 7).astype(np.uint32) & ((1 << widths[:whole]) - 1)
        last = np.flatnonzero(codes >> 1 == clear >> 1)  # to clear, or to end
        if len(last):
            return codes[: last[0] + 1].astype(np.uint32), int(edges[last[0] + 1])
        if whole < count:
            raise ValueError("the pixels of a frame end early")
        count *= 8


def _lengths(codes: Codes, clear: int) -> Codes:
    """Lengths of the strings that codes stand for, the table having been empty before them.

    A code for no pixel stands for the string of an earlier one and a pixel more.
    """
    order = np.arange(len(codes))
    earlier = codes.astype(np.int64) - (clear + 2)
    if (earlier >= order).any():
        raise ValueError("a code stands for nothing")
    # Chains of earlier codes are followed by all at once, in steps that double.
    lengths = np.ones(len(codes), np.int64)
    linked = earlier >= 0
    lengths[linked] = 2
    before = np.where(linked, earlier, -1)
    while (going := before >= 0).any():
        lengths[going] += lengths[before[going]] - 1
        before[going] = before[before[going]]
    return lengths


def _skip_table(file: BinaryIO, flags: int) -> None:
    if flags & _TABLE:
        exactly(file, 3 << (flags & 7) + 1)


def _blocks(file: BinaryIO) -> bytes:
    """What is in a run of blocks, up to the empty one that ends it."""
    found = []
    while length := exactly(file, 1)[0]:
        found.append(exactly(file, length))
    return b"".join(found)
