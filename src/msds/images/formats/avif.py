"""AVIF of more than 8 bits per sample, through imagecodecs (the extra ``formats``)."""

from __future__ import annotations

from msds.errors import require
from msds.images.formats.pillow import read_metadata
from msds.images.formats.samples import arrange, depth_note
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded

# Bytes of a pixel while it is decoded: planes, and samples with alpha.
_WORKING = 18


def decode_avif(file: SourceFile) -> Decoded:
    """Decode an AVIF of 10 or 12 bits per sample."""
    codecs = require("imagecodecs", EXTRA)
    info = read_metadata(file)
    index = file.check_frame(info.frames)
    pixels = file.header.width * file.header.height
    file.check_memory(pixels, _WORKING * pixels + file.size, 8 * pixels)
    return arrange(
        codecs.avif_decode(file.read(), index=index, numthreads=1),
        2**file.header.depth - 1,
        file.name,
        profile=info.profile,
        orientation=info.orientation,
        header=file.header,
        notes=depth_note(file.header),
    )
