"""Rectangles of samples that lie in a file uncompressed, row by row."""

from __future__ import annotations

from typing import IO, Any

import numpy as np
import numpy.typing as npt

from msds.images.image import Samples


class PlainBlock:
    """Samples that lie in a file row by row, uncompressed: only the bytes asked for are read.

    Parameters
    ----------
    file : open for reading in binary; stays with its owner.
    start : where the first sample lies.
    width, channels, kind : columns, samples in each pixel, and the type of a sample.
    """

    def __init__(
        self, file: IO[bytes] | Any, start: int, width: int, channels: int, kind: npt.DTypeLike
    ) -> None:
        self._file = file
        self._start = start
        self._width = width
        self._channels = channels
        self._kind = np.dtype(kind)

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Samples:
        """Samples of columns x0 to x1 and rows y0 to y1, ends excluded: (H, W, C)."""
        pixel = self._channels * self._kind.itemsize
        found = np.empty((y1 - y0, x1 - x0, self._channels), self._kind)
        for row in range(y0, y1):
            self._file.seek(self._start + (row * self._width + x0) * pixel)
            data = self._file.read((x1 - x0) * pixel)
            if len(data) < (x1 - x0) * pixel:
                raise EOFError(f"the file ends in row {row}")
            found[row - y0] = np.frombuffer(data, self._kind).reshape(x1 - x0, self._channels)
        return found
