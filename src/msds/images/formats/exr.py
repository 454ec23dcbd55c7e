"""OpenEXR, through its own library (the extra ``formats``)."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.header import Header
from msds.images.formats.samples import arrange, check_finite, straighten
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded
from msds.images.transfer import SRGB_PRIMARIES, Chromaticities

MAGIC = b"v/1\x01"


def read_exr_header(_prefix: bytes, _: BinaryIO) -> Header:
    """That it is an OpenEXR file."""
    return Header("exr", 32, floating=True)


def decode_exr(file: SourceFile) -> Decoded:
    """Decode one part of an OpenEXR file."""
    exr = require("OpenEXR", EXTRA)
    if isinstance(file.content, bytes):
        # The library reads from the file system only.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "image.exr"
            path.write_bytes(file.content)
            return decode_exr(replace(file, content=path))
    with exr.File(str(file.path), header_only=True) as opened:
        headers = [dict(opened.header(part)) for part in range(len(opened.parts))]
    index = file.check_frame(len(headers))
    low, high = headers[index]["dataWindow"]
    file.check_size(int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)
    with exr.File(str(file.path)) as opened:
        channels = opened.channels(index)
        found = next((kind for kind in ("RGBA", "RGB", "Y") if kind in channels), None)
        if found is None:
            raise InputError(
                f"{file.name}: the OpenEXR file has the channels {', '.join(sorted(channels))};"
                " expected R, G, B and perhaps A, or Y."
            )
        samples = np.array(channels[found].pixels, dtype=np.float32)
    if found == "RGBA":
        samples = straighten(samples, 1.0)
    check_finite(samples, file.name)
    notes = ("floating-point samples of an OpenEXR file",)
    decoded = arrange(samples, 1.0, file.name, notes=notes)
    return _with_primaries(decoded, headers[index].get("chromaticities"))


def _with_primaries(decoded: Decoded, stated: Any) -> Decoded:
    if stated is None:
        return decoded
    primaries: Chromaticities = tuple(round(float(v), 5) for v in np.ravel(stated))
    if np.allclose(primaries, SRGB_PRIMARIES, atol=1e-3):
        return decoded
    return replace(decoded, primaries=primaries)
