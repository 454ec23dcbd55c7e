"""JPEG 2000: its header, and more than 8 bits per sample through imagecodecs."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.header import Header, exactly
from msds.images.formats.samples import arrange, depth_note
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded

BOX = b"\x00\x00\x00\x0cjP  "
CODESTREAM = b"\xff\x4f\xff\x51"

# Bytes of a sample while it is decoded.
_MOST_CHANNELS, _WORKING = 4, 9
_TILE, _END = b"\xff\x90", b"\xff\xd9"


def read_jp2_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size and depth, from the SIZ marker (ISO/IEC 15444-1, annex A.5.1)."""
    start = prefix.index(CODESTREAM)
    right, lower, left, upper = struct.unpack_from(">IIII", prefix, start + 8)
    (count,) = struct.unpack_from(">H", prefix, start + 40)
    depth = max((prefix[start + 42 + 3 * i] & 0x7F) + 1 for i in range(count))
    return Header("jp2", depth, False, right - left, lower - upper)


def check_jp2(file: BinaryIO, _: int = 0) -> None:
    """Refuse a JPEG 2000 file that ends early, or of which a tile is not as long as it says.

    Decoders fill in what is missing. See ISO/IEC 15444-1, annexes A and I.

    Raises
    ------
    ValueError, EOFError, struct.error
        If it is.
    """
    file.seek(_codestream(file) + 2)
    while (marker := exactly(file, 2)) != _END:
        if marker[0] != 0xFF:
            raise ValueError("there is no marker where one should be")
        (length,) = struct.unpack(">H", exactly(file, 2))
        start = file.tell() - 4
        if marker != _TILE:
            file.seek(start + 2 + length)
            continue
        (tile,) = struct.unpack(">2xI", exactly(file, 6))
        if tile == 0:  # the last one: up to the end
            file.seek(-2, os.SEEK_END)
        elif tile < 12 + 2:
            raise ValueError(f"a tile has {tile} bytes")
        else:
            file.seek(start + tile)


def _codestream(file: BinaryIO) -> int:
    """Where the codestream begins."""
    position = 0
    file.seek(0)
    if exactly(file, 4) == CODESTREAM:
        return 0
    while True:
        file.seek(position)
        length, kind = struct.unpack(">I4s", exactly(file, 8))
        head = 8
        if length == 1:
            (length,) = struct.unpack(">Q", exactly(file, 8))
            head = 16
        if kind == b"jp2c":
            return position + head
        if length < head:
            raise ValueError(f"a box has {length} bytes")
        position += length


def decode_jp2(file: SourceFile) -> Decoded:
    """Decode a JPEG 2000 file of 9 to 16 bits per sample."""
    codecs = require("imagecodecs", EXTRA)
    file.check_frame(1)
    pixels = file.header.width * file.header.height
    channels = _MOST_CHANNELS * pixels
    file.check_memory(pixels, _WORKING * channels + file.size, 2 * channels)
    with file.open() as opened:
        check_jp2(opened)
    samples = codecs.jpeg2k_decode(file.read(), numthreads=1)
    if samples.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{file.name}: a JPEG 2000 file of {samples.dtype} samples is not read; expected"
            " unsigned ones of up to 16 bits."
        )
    notes = depth_note(file.header)
    return arrange(samples, 2**file.header.depth - 1, file.name, notes=notes)
