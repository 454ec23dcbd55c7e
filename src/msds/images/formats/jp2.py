"""JPEG 2000: its header, and more than 8 bits per sample through imagecodecs."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.header import Header
from msds.images.formats.samples import arrange, depth_note
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded

BOX = b"\x00\x00\x00\x0cjP  "
CODESTREAM = b"\xff\x4f\xff\x51"


def read_jp2_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size and depth, from the SIZ marker (ISO/IEC 15444-1, annex A.5.1)."""
    start = prefix.index(CODESTREAM)
    right, lower, left, upper = struct.unpack_from(">IIII", prefix, start + 8)
    (count,) = struct.unpack_from(">H", prefix, start + 40)
    depth = max((prefix[start + 42 + 3 * i] & 0x7F) + 1 for i in range(count))
    return Header("jp2", depth, False, right - left, lower - upper)


def decode_jp2(file: SourceFile) -> Decoded:
    """Decode a JPEG 2000 file of 9 to 16 bits per sample."""
    codecs = require("imagecodecs", EXTRA)
    file.check_frame(1)
    samples = codecs.jpeg2k_decode(file.read(), numthreads=1)
    if samples.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{file.name}: a JPEG 2000 file of {samples.dtype} samples is not read; expected"
            " unsigned ones of up to 16 bits."
        )
    notes = depth_note(file.header)
    return arrange(samples, 2**file.header.depth - 1, file.name, notes=notes)
