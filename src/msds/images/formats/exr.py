"""OpenEXR, through its own library (the extra ``formats``).

Of its two interfaces, `OpenEXR.File` prints on standard output where a file is damaged, and takes
every image whole. `OpenEXR.InputFile` does neither. It is asked for pixels only, since it crashes
on some headers: these are read here.
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.exr_header import ExrPart, read_exr_parts, write_single_part
from msds.images.formats.samples import arrange, check_finite, straighten
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded, Samples
from msds.images.transfer import SRGB_PRIMARIES
from msds.text import listed, one_line

_ROWS = 32
_KINDS = ("scanlineimage", "tiledimage", "")
# Of a chunk: as it is in the file, unpacked, and sorted into rows, for some threads.
_CHUNKS_AT_ONCE = 8


class ExrRows:
    """Rows of one part of an OpenEXR file; a context manager.

    Parameters
    ----------
    file : what to read.

    Raises
    ------
    MissingExtraError
        If the library is not installed.
    InputError
        If the part has no colour, or not as many samples of it as pixels.

    Attributes
    ----------
    width, height : size in pixels.
    channels : their names.
    working_bytes : that reading some rows takes.
    """

    def __init__(self, file: SourceFile) -> None:
        exr = require("OpenEXR", EXTRA)
        imath = require("Imath", EXTRA)
        with file.open() as opened:
            parts = read_exr_parts(opened)
        index = file.check_frame(len(parts))
        part = parts[index]
        file.check_size(part.width, part.height)
        self.width: int = part.width
        self.height: int = part.height
        self.working_bytes: int = _CHUNKS_AT_ONCE * part.chunk_bytes + 40 * _ROWS * part.width
        self._part, self._name = part, file.name
        self.channels: tuple[str, ...] = _choose(part, file.name)
        self._float = imath.PixelType(imath.PixelType.FLOAT)
        # The library reads from the file system only, and the first part only.
        self._folder = tempfile.TemporaryDirectory()
        try:
            path = _single(file, parts, index, Path(self._folder.name))
            self._file = exr.InputFile(str(path))
        except BaseException:
            self._folder.cleanup()
            raise

    def read(self, top: int, bottom: int) -> Samples:
        """Rows `top` to `bottom`, the end excluded, with straight alpha: (H, W, C) float32."""
        first = self._part.top
        found = self._file.channels(self.channels, self._float, first + top, first + bottom - 1)
        planes = [np.frombuffer(data, np.float32).reshape(-1, self.width) for data in found]
        samples: Samples = np.stack(planes, axis=-1)
        if self.channels[-1] == "A":
            samples = straighten(samples, 1.0)
        check_finite(samples, self._name)
        return samples

    def arrange(self, samples: Samples) -> Decoded:
        """Samples of some or all rows in our own form."""
        stated = self._part.attributes.get("chromaticities")
        primaries = None if stated is None else struct.unpack("<8f", stated)
        if primaries is not None and np.allclose(primaries, SRGB_PRIMARIES, atol=1e-3):
            primaries = None
        return arrange(
            samples,
            1.0,
            self._name,
            primaries=primaries and tuple(round(value, 5) for value in primaries),
            notes=("floating-point samples of an OpenEXR file",),
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._folder.cleanup()

    def __enter__(self) -> ExrRows:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def decode_exr(file: SourceFile) -> Decoded:
    """Decode one part of an OpenEXR file."""
    with ExrRows(file) as rows:
        pixels = rows.width * rows.height
        held = 4 * len(rows.channels) * pixels
        file.check_memory(pixels, held + rows.working_bytes, held)
        samples = np.empty((rows.height, rows.width, len(rows.channels)), np.float32)
        for top in range(0, rows.height, _ROWS):
            bottom = min(top + _ROWS, rows.height)
            samples[top:bottom] = rows.read(top, bottom)
        return rows.arrange(samples)


def _choose(part: ExrPart, name: str) -> tuple[str, ...]:
    """The channels that are the image."""
    kind = part.attributes.get("type", b"").decode()
    found = next((some for some in ("RGB", "Y") if set(some) <= part.channels.keys()), None)
    if kind not in _KINDS:
        kind = one_line(kind)
        raise InputError(f"{name}: the OpenEXR file holds a {kind}; expected rows or tiles.")
    if found is None:
        raise InputError(
            f"{name}: the OpenEXR file has the channels {listed(sorted(part.channels))};"
            " expected R, G, B and perhaps A, or Y."
        )
    chosen = (*found, *(["A"] if "A" in part.channels else []))
    if part.sparse & set(chosen) or (found == "Y" and {"RY", "BY"} & part.channels.keys()):
        raise InputError(
            f"{name}: the OpenEXR file has fewer samples of colour than pixels; expected R, G, B"
            " and perhaps A, or Y, of every pixel."
        )
    return chosen


def _single(file: SourceFile, parts: list[ExrPart], index: int, folder: Path) -> Path:
    """Where the part lies as a file of its own."""
    if len(parts) == 1 and not isinstance(file.content, bytes):
        return file.path
    path = folder / "image.exr"
    with file.open() as opened, path.open("wb") as target:
        if len(parts) > 1:
            write_single_part(opened, parts, index, target)
        else:
            target.write(file.read())
    return path
