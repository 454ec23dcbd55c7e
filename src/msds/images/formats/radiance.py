"""Radiance HDR, through imagecodecs (the extra ``formats``)."""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.header import Header
from msds.images.formats.samples import arrange, check_finite
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded

MAGICS = (b"#?RADIANCE", b"#?RGBE")

_SIZE = re.compile(rb"\n\n(-Y|\+Y) (\d+) (\+X|-X) (\d+)\n")
_EXPOSURE = re.compile(rb"\nEXPOSURE=\s*([0-9.eE+-]+)")


def read_radiance_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size in pixels, where it is stated."""
    size = _SIZE.search(prefix)
    if size is None:
        return Header("radiance", 32, True)
    return Header("radiance", 32, True, int(size[4]), int(size[2]))


def decode_radiance(file: SourceFile) -> Decoded:
    """Decode a Radiance file of RGB."""
    codecs = require("imagecodecs", EXTRA)
    file.check_frame(1)
    data = file.read()
    size = _SIZE.search(data[: 1 << 16])
    if size is None or (size[1], size[3]) != (b"-Y", b"+X"):
        raise InputError(
            f"{file.name}: the Radiance file is turned, or states no size; expected -Y HEIGHT +X"
            " WIDTH."
        )
    width, height = int(size[4]), int(size[2])
    file.check_size(width, height)
    pixels = width * height
    file.check_memory(pixels, len(data) + 24 * pixels, 12 * pixels)
    head = data[: size.start()]
    if b"FORMAT=32-bit_rle_xyze" in head:
        raise InputError(f"{file.name}: the Radiance file holds XYZ; expected RGB.")
    samples = np.array(codecs.rgbe_decode(data), dtype=np.float32)
    notes: tuple[str, ...] = ("floating-point samples of a Radiance file",)
    for exposure in _EXPOSURE.findall(head):
        samples /= np.float32(exposure)
        notes += (f"exposure {float(exposure):g} undone",)
    check_finite(samples, file.name)
    return arrange(samples, 1.0, file.name, notes=notes)
