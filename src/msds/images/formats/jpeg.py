"""The header of a JPEG; its pixels come through Pillow."""

from __future__ import annotations

import struct
from typing import BinaryIO

from msds.images.formats.header import Header, exactly

MAGIC = b"\xff\xd8\xff"

_NOT_FRAMES = (0xC4, 0xC8, 0xCC)


def read_jpeg_header(_: bytes, file: BinaryIO) -> Header:
    """Size and depth, from the frame header, which may follow any number of segments."""
    file.seek(2)
    while True:
        marker = exactly(file, 2)
        while marker[1] == 0xFF:
            marker = b"\xff" + exactly(file, 1)
        if marker[0] != 0xFF:
            raise ValueError("no marker")
        (length,) = struct.unpack(">H", exactly(file, 2))
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in _NOT_FRAMES:
            depth, height, width = struct.unpack(">BHH", exactly(file, 5))
            return Header("jpeg", depth, False, width, height)
        file.seek(length - 2, 1)
