"""BMP: its size, and whether it is as long as it says. The pixels come through Pillow."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from msds.images.formats.header import Header, exactly

MAGIC = b"BM"

_CORE = 12


def read_bmp_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size in pixels."""
    (size,) = struct.unpack_from("<I", prefix, 14)
    width, height = struct.unpack_from("<HH" if size == _CORE else "<ii", prefix, 18)
    return Header("bmp", 8, False, abs(width), abs(height))


def check_bmp(file: BinaryIO, _: int) -> None:
    """Refuse a BMP that is shorter than it says."""
    (length,) = struct.unpack("<2xI", exactly(file, 6))
    end = file.seek(0, os.SEEK_END)
    if end < length:
        raise EOFError(f"the file has {end} bytes, not {length}")
