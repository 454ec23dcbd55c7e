"""WebP: its size, and whether it is as long as it says. The pixels come through Pillow.

The container is described in "WebP Container Specification", its codecs in RFC 9649.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from msds.images.formats.header import Header, exactly

_EXTENDED, _LOSSLESS, _LOSSY = b"VP8X", b"VP8L", b"VP8 "


def is_webp(prefix: bytes) -> bool:
    """Whether a file begins as a WebP does."""
    return prefix[:4] == b"RIFF" and prefix[8:12] == b"WEBP"


def read_webp_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size of the canvas."""
    kind = prefix[12:16]
    if kind == _EXTENDED:
        width = int.from_bytes(prefix[24:27], "little") + 1
        height = int.from_bytes(prefix[27:30], "little") + 1
    elif kind == _LOSSLESS:
        (bits,) = struct.unpack_from("<I", prefix, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == _LOSSY:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", prefix, 26))
    else:
        raise ValueError(f"a chunk of the unknown kind {kind!r}")
    return Header("webp", 8, False, width, height)


def check_webp(file: BinaryIO, _: int) -> None:
    """Refuse a WebP that is shorter than it says."""
    (length,) = struct.unpack("<4xI", exactly(file, 8))
    end = file.seek(0, os.SEEK_END)
    if end < 8 + length:
        raise EOFError(f"the file has {end} bytes, not {8 + length}")
