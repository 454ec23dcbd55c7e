"""HEIC at its own depth, through pillow-heif (the extra ``formats``)."""

from __future__ import annotations

import io

import numpy as np

from msds.errors import require
from msds.images.formats.samples import arrange, depth_note
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded

# Bytes of a pixel while it is decoded: planes, and samples with alpha.
_WORKING = 16


def decode_heif(file: SourceFile) -> Decoded:
    """Decode the primary image of a HEIC, or the one that was asked for."""
    heif = require("pillow_heif", EXTRA)
    opened = heif.open_heif(io.BytesIO(file.read()), convert_hdr_to_8bit=False)
    notes = depth_note(file.header)
    if file.frame is None and len(opened) > 1:
        index = opened.primary_index
        notes += (f"primary image of {len(opened)}",)
    else:
        index = file.check_frame(len(opened))
    picture = opened[index]
    width, height = picture.size
    file.check_size(width, height)
    pixels = width * height
    file.check_memory(pixels, _WORKING * pixels + file.size, 8 * pixels)
    samples = np.asarray(picture)
    if samples.dtype == np.uint8:
        maximum = 255.0
    else:
        # The decoder shifts the samples up to 16 bits.
        depth = int(picture.info["bit_depth"])
        maximum = float((2**depth - 1) << (16 - depth))
    return arrange(
        samples,
        maximum,
        file.name,
        profile=picture.info.get("icc_profile"),
        header=file.header,
        notes=notes,
    )
