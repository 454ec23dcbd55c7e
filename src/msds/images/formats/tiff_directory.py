"""The directory of a TIFF or BigTIFF, and where its strips or tiles lie."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, replace
from typing import BinaryIO

from msds.images.formats.header import exactly

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
CHANNELS, PLANAR, SAMPLE_FORMAT = 277, 284, 339
STRIP_OFFSETS, ROWS_PER_STRIP, STRIP_COUNTS = 273, 278, 279
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS = 322, 323, 324, 325

# How a value is stored, by the number of its kind; others hold no whole numbers.
_KINDS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SEPARATE, _YCBCR = 2, 6

PLAIN, LZW, DEFLATE, PACKBITS, LZMA, ZSTD = 1, 5, (8, 32946), 32773, 34925, 50000
LOSSLESS = (PLAIN, LZW, *DEFLATE, PACKBITS, LZMA, ZSTD)
"""Compressions by which a part unpacks to what it is in the whole."""

Tags = dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class Segments:
    """The strips or tiles of an image, in order.

    Attributes
    ----------
    offsets, counts : where each begins in the file, and its bytes there.
    compression : its number in TIFF.
    columns, rows : size of one; the last strip may have fewer rows.
    across, down : how many there are in a row and in a column of one plane.
    height : of the image.
    row_bytes : bytes of a row of one, unpacked.
    tiled : whether all have the same size.
    """

    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    compression: int
    columns: int
    rows: int
    across: int
    down: int
    height: int
    row_bytes: int
    tiled: bool

    @property
    def bytes(self) -> int:
        """Bytes of a full one, unpacked."""
        return self.rows * self.row_bytes

    def expected(self, index: int) -> int:
        """Bytes that one unpacks to at least; all but the last strip to exactly so many."""
        if self.tiled:
            return self.bytes
        top = index % self.down * self.rows
        return min(self.rows, self.height - top) * self.row_bytes


def read_tags(file: BinaryIO, page: int = 0, wanted: tuple[int, ...] = ()) -> Tags:
    """Whole numbers of a directory, by tag.

    Parameters
    ----------
    page : which directory, from 0.
    wanted : tags that are read; all if there are none.

    Raises
    ------
    ValueError, EOFError, struct.error
        If it is damaged, or there are fewer directories, or a tag stands in it twice.
    """
    file.seek(0)
    magic = exactly(file, 4)
    order = "<" if magic[:2] == b"II" else ">"
    big = magic[2:4] in (b"+\0", b"\0+")
    pointer, counter, size = ("Q", "Q", 20) if big else ("I", "H", 12)
    file.seek(8 if big else 4)
    for step in range(page + 1):
        (start,) = struct.unpack(order + pointer, exactly(file, struct.calcsize(pointer)))
        if start == 0:
            raise ValueError(f"there is no page {step}")
        file.seek(start)
        (count,) = struct.unpack(order + counter, exactly(file, struct.calcsize(counter)))
        entries = exactly(file, count * size)
    tags: Tags = {}
    for at in range(0, len(entries), size):
        tag, kind = struct.unpack_from(order + "HH", entries, at)
        if kind not in _KINDS or (wanted and tag not in wanted):
            continue
        if tag in tags:
            raise ValueError(f"the tag {tag} stands twice")
        (number,) = struct.unpack_from(order + pointer, entries, at + 4)
        value = entries[at + (12 if big else 8) : at + size]
        tags[tag] = _values(file, order, _KINDS[kind], number, value, pointer)
    return tags


def read_segments(file: BinaryIO, page: int = 0) -> Segments | None:
    """The strips or tiles of a page, all of which lie within the file.

    Returns
    -------
    None where they cannot be known without decoding: lossy files, and YCbCr, whose samples are
    fewer than its pixels.

    Raises
    ------
    ValueError, EOFError, struct.error
        If the directory contradicts itself, or the file is shorter than it says.
    """
    tags = read_tags(file, page)
    compression = _one(tags, COMPRESSION, 1)
    if compression not in LOSSLESS or _one(tags, PHOTOMETRIC, 1) == _YCBCR:
        return None
    channels, bits = _one(tags, CHANNELS, 1), tags.get(BITS, (1,))
    if len(set(bits)) > 1 or not 1 <= len(bits) <= channels:
        raise ValueError(f"{len(bits)} numbers of bits for {channels} channels")
    separate = _one(tags, PLANAR, 1) == _SEPARATE
    pixel_bits = bits[0] * (1 if separate else channels)
    width, height = _one(tags, WIDTH), _one(tags, LENGTH)
    tiled = TILE_WIDTH in tags
    if tiled:
        columns, rows = _one(tags, TILE_WIDTH), _one(tags, TILE_LENGTH)
        offsets, counts = tags[TILE_OFFSETS], tags[TILE_COUNTS]
    else:
        columns, rows = width, min(_one(tags, ROWS_PER_STRIP, height), height)
        offsets, counts = tags[STRIP_OFFSETS], tags.get(STRIP_COUNTS, ())
    if min(width, height, columns, rows, pixel_bits) < 1:
        raise ValueError("a size is zero")
    across, down = -(-width // columns), -(-height // rows)
    segments = Segments(
        offsets, counts, compression, columns, rows, across, down, height,
        -(-columns * pixel_bits // 8), tiled,
    )  # fmt: skip
    if compression == PLAIN and not counts:
        # Old writers leave out what can be reckoned.
        counts = tuple(segments.expected(index) for index in range(len(offsets)))
        segments = replace(segments, counts=counts)
    expected = across * down * (channels if separate else 1)
    if len(offsets) != expected or len(counts) != expected:
        raise ValueError(f"{len(offsets)} strips or tiles, of {expected} that it should have")
    end = file.seek(0, os.SEEK_END)
    for index, (offset, count) in enumerate(zip(offsets, counts, strict=True)):
        if offset + count > end:
            raise EOFError(f"the file ends within strip or tile {index}")
        if compression == PLAIN and offset and not _fits(segments, index, count):
            raise ValueError(f"strip or tile {index} has {count} bytes")
    return segments


def _fits(segments: Segments, index: int, count: int) -> bool:
    """Whether plain samples of one are all there, and less than a row is left over.

    The last strip may be as long as the others.
    """
    expected = segments.expected(index)
    return count >= expected and count < max(expected, segments.bytes) + segments.row_bytes


def _one(tags: Tags, tag: int, default: int | None = None) -> int:
    values = tags.get(tag)
    if values is None:
        if default is None:
            raise ValueError(f"the tag {tag} is missing")
        return default
    return values[0]


def _values(
    file: BinaryIO, order: str, code: str, number: int, inline: bytes, pointer: str
) -> tuple[int, ...]:
    size = number * struct.calcsize(code)
    if size > len(inline):
        (start,) = struct.unpack(order + pointer, inline)
        file.seek(start)
        inline = exactly(file, size)
    return struct.unpack_from(f"{order}{number}{code}", inline)
