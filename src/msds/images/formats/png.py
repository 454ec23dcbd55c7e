"""PNG of 16 bits per sample, through imagecodecs (the extra ``formats``)."""

from __future__ import annotations

from msds.errors import InputError, require
from msds.images.formats.pillow import read_metadata
from msds.images.formats.png_chunks import check_png
from msds.images.formats.samples import arrange, depth_note
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded

_MOST_CHANNELS = 4


def decode_png(file: SourceFile) -> Decoded:
    """Decode a PNG of 16 bits per sample."""
    codecs = require("imagecodecs", EXTRA)
    info = read_metadata(file)
    if file.check_frame(info.frames) != 0:
        raise InputError(f"{file.name}: of an animated PNG of 16 bits, only frame 0 is read.")
    pixels = file.header.width * file.header.height
    held = _MOST_CHANNELS * 2 * pixels
    file.check_memory(pixels, held + file.size, held)
    with file.open() as opened:
        check_png(opened)
    return arrange(
        codecs.png_decode(file.read()),
        65535,
        file.name,
        profile=info.profile,
        orientation=info.orientation,
        header=file.header,
        notes=depth_note(file.header),
    )
