"""A PNG unpacked to where any of its rectangles can be read, through pyvips."""

from __future__ import annotations

import os
import shutil
import tempfile

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.plain import PlainBlock
from msds.images.formats.png_chunks import check_png
from msds.images.formats.source import EXTRA, SourceFile

_ROWS = 64
_IN_MEMORY_BYTES = 64 << 20
# Of rows that are unpacked at once: all of them if they are interlaced.
_COPIES = 3


class UnpackedPng:
    """The samples of a PNG in a temporary file, or in memory where there are few.

    The file has no name and goes with the process.

    Parameters
    ----------
    file : a PNG, given by its path.

    Attributes
    ----------
    block : the samples; palettes and bits are expanded to 8 bits.
    maximum : the greatest value of a sample.

    Raises
    ------
    InputError
        If the disk has no room for it, or it is interlaced and there is not enough memory.
    ValueError, EOFError
        If it is damaged.
    """

    def __init__(self, file: SourceFile) -> None:
        vips = require("pyvips", EXTRA)
        width, height = file.header.width, file.header.height
        with file.open() as opened:
            check_png(opened)
        # By its name libvips would take a file for one of that name that it read a moment ago.
        source = vips.Source.new_from_file(os.fsencode(file.path))
        picture = vips.Image.pngload_source(source, access="sequential", fail_on="truncated")
        kind = np.dtype({"uchar": np.uint8, "ushort": np.uint16}[picture.format])
        row = width * picture.bands * kind.itemsize
        interlaced = "interlaced" in picture.get_fields()
        file.check_memory(0, _COPIES * row * (height if interlaced else 2 * _ROWS), 0)
        in_memory = _IN_MEMORY_BYTES
        if file.limits.memory is not None:
            in_memory = min(in_memory, file.limits.memory // 4)
        _check_room(row * height, in_memory, file.name)
        self.maximum: float = float(np.iinfo(kind).max)
        self._unpacked = tempfile.SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115
        try:
            region = vips.Region.new(picture)
            for top in range(0, height, _ROWS):
                rows = min(_ROWS, height - top)
                self._unpacked.write(region.fetch(0, top, width, rows))
        except BaseException:
            self.close()
            raise
        self.block: PlainBlock = PlainBlock(self._unpacked, 0, width, picture.bands, kind)

    def close(self) -> None:
        """Give the room back."""
        self._unpacked.close()


def _check_room(needed: int, in_memory: int, name: str) -> None:
    """Refuse to unpack an image into more bytes than the disk has room for."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if needed > max(free, in_memory):
        raise InputError(
            f"{name}: to be read in parts the image is unpacked into {needed / 2**20:.0f} MiB in"
            f" {folder}, where {free / 2**20:.0f} MiB are free (TMPDIR names another folder)."
        )
