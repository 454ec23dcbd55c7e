"""Whether the strips and tiles of a TIFF are whole: libtiff stops reading once it has enough."""

from __future__ import annotations

import importlib
import lzma
import zlib
from typing import Any, BinaryIO

from msds.images.formats.tiff_directory import (
    DEFLATE,
    LZMA,
    PLAIN,
    Segments,
    read_segments,
)

_PIECE = 1 << 20


def check_tiff(file: BinaryIO, page: int) -> None:
    """Refuse a page of which a strip or tile is damaged, as far as that can be seen.

    Deflate and LZMA have checksums. Of LZW and PackBits only the length tells, where imagecodecs is
    installed; plain samples have only to be there.

    Raises
    ------
    ValueError, EOFError, zlib.error or others
        If one is.
    """
    segments = read_segments(file, page)
    if segments is None or segments.compression == PLAIN:
        return
    for index in range(len(segments.offsets)):
        file.seek(segments.offsets[index])
        check_segment(segments, index, file.read(segments.counts[index]))


def check_segment(segments: Segments, index: int, data: bytes) -> None:
    """Refuse one strip or tile that does not unpack to as many bytes as it should."""
    if not data and not segments.offsets[index]:
        return  # a sparse file leaves out what holds nothing
    expected = segments.expected(index)
    found = _unpacked(segments, data)
    if found is None:
        return
    # The last strip may be as long as the others.
    if found not in (expected, segments.bytes):
        raise ValueError(f"strip or tile {index} has {found} bytes, not {expected}")


def _unpacked(segments: Segments, data: bytes) -> int | None:
    """Bytes that a strip or tile unpacks to; None if that cannot be told."""
    if segments.compression == PLAIN:
        return None
    if segments.compression in DEFLATE:
        return _count(zlib.decompressobj(), data, segments.bytes)
    if segments.compression == LZMA:
        return _count(lzma.LZMADecompressor(), data, segments.bytes)
    try:
        codecs = importlib.import_module("imagecodecs")
    except ImportError:
        return None
    decode = {5: codecs.lzw_decode, 32773: codecs.packbits_decode, 50000: codecs.zstd_decode}
    return len(decode[segments.compression](data))


def _count(unpacker: Any, data: bytes, most: int) -> int:
    """Bytes that come out of a stream that has an end and a checksum, both of which must be met."""
    count = 0
    while not unpacker.eof:
        piece = unpacker.decompress(data, _PIECE)
        data = getattr(unpacker, "unconsumed_tail", b"")
        count += len(piece)
        if count > most:
            raise ValueError("a strip or tile is too long")
        if not piece and not data:
            raise EOFError("a strip or tile ends early")
    return count
