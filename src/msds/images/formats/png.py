"""PNG: its header, and 16 bits per sample through imagecodecs (the extra ``formats``)."""

from __future__ import annotations

import struct
from typing import BinaryIO

from msds.errors import InputError, require
from msds.images.formats.header import Header
from msds.images.formats.pillow import read_metadata
from msds.images.formats.samples import arrange, depth_note
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded


def read_png_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size and depth, and the colour that a cICP chunk states."""
    width, height, depth = struct.unpack_from(">IIB", prefix, 16)
    primaries = transfer = 2
    position = 8
    while position + 8 <= len(prefix):
        length, kind = struct.unpack_from(">I4s", prefix, position)
        if kind == b"cICP":
            primaries, transfer = prefix[position + 8], prefix[position + 9]
        if kind == b"IDAT":
            break
        position += 12 + length
    return Header("png", depth, False, width, height, primaries, transfer)


def decode_png(file: SourceFile) -> Decoded:
    """Decode a PNG of 16 bits per sample."""
    codecs = require("imagecodecs", EXTRA)
    info = read_metadata(file)
    if file.check_frame(info.frames) != 0:
        raise InputError(f"{file.name}: of an animated PNG of 16 bits, only frame 0 is read.")
    return arrange(
        codecs.png_decode(file.read()),
        65535,
        file.name,
        profile=info.profile,
        orientation=info.orientation,
        header=file.header,
        notes=depth_note(file.header),
    )
