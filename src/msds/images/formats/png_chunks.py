"""The chunks that a PNG consists of (ISO/IEC 15948)."""

from __future__ import annotations

import struct
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def has_late_metadata(file: BinaryIO) -> bool:
    """Whether a PNG has text or EXIF after its pixels, where only a decoder finds it."""
    file.seek(0)
    if file.read(8) != SIGNATURE:
        return False
    pixels = False
    while len(start := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", start)
        pixels |= kind == b"IDAT"
        if pixels and kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
            return True
        file.seek(length + 4, 1)
    return False
