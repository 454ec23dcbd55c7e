"""Rectangles of a TIFF, of which only the strips and tiles they touch are decoded."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from msds.images.formats.plain import PlainBlock
from msds.images.formats.source import SourceFile
from msds.images.formats.tiff_check import check_segment
from msds.images.formats.tiff_directory import read_segments
from msds.images.image import Samples

_CACHE_BYTES = 256 << 20
# Of a strip or tile: unpacked, put in order, and kept.
_COPIES = 4


class TiffParts:
    """Reads rectangles of one page of tifffile's, decoding only the strips or tiles they touch.

    Of a page stored as one plain block only the bytes that are asked for are read. Otherwise
    decoded strips and tiles are kept, the latest used ones up to 256 MiB or half the memory that is
    allowed, since neighbouring rectangles share them.

    Raises
    ------
    MemoryLimitError
        If a strip or tile takes more memory than is allowed.
    ValueError, EOFError
        If the page contradicts itself, or the file is shorter than it says.
    """

    def __init__(self, page: Any, file: SourceFile) -> None:
        self._page = page
        self._file = page.parent.filehandle
        with file.open() as opened:
            segments = read_segments(opened, page.index)
        if segments is None:
            raise ValueError("its strips or tiles cannot be told apart")
        self._segments = segments
        self._planes = page.samplesperpixel if page.planarconfig == 2 else 1
        self._channels = page.samplesperpixel // self._planes
        self._rows, self._columns = segments.rows, segments.columns
        self._across, self._down = segments.across, segments.down
        self._blocks = self._plain_blocks()
        if not self._blocks:
            file.check_memory(0, _COPIES * segments.bytes + max(segments.counts), 0)
        self._most = _CACHE_BYTES
        if file.limits.memory is not None:
            self._most = min(self._most, (file.limits.memory - _COPIES * segments.bytes) // 2)
        # One allocation for all that is kept: freed piece by piece between the large blocks of
        # other code, it would leave the heap in tatters, at several times the size.
        self._pool: Samples | None = None
        self._slots: OrderedDict[int, int] = OrderedDict()
        self._shapes: dict[int, tuple[int, ...]] = {}

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Samples:
        """Samples of columns x0 to x1 and rows y0 to y1, ends excluded: (H, W, C)."""
        if self._blocks:
            return np.concatenate([block.read(x0, y0, x1, y1) for block in self._blocks], axis=2)
        found = np.empty((y1 - y0, x1 - x0, self._page.samplesperpixel), self._page.dtype)
        for plane in range(self._planes):
            target = found[..., plane : plane + 1] if self._planes > 1 else found
            for down in range(y0 // self._rows, -(-y1 // self._rows)):
                for across in range(x0 // self._columns, -(-x1 // self._columns)):
                    part = self._segment((plane * self._down + down) * self._across + across)
                    top, left = down * self._rows, across * self._columns
                    bottom, right = top + part.shape[0], left + part.shape[1]
                    rows = slice(max(y0, top), min(y1, bottom))
                    columns = slice(max(x0, left), min(x1, right))
                    target[_moved(rows, y0), _moved(columns, x0)] = part[
                        _moved(rows, top), _moved(columns, left)
                    ]
        return found

    def _plain_blocks(self) -> list[PlainBlock]:
        page = self._page
        plain = (
            int(page.compression) == 1
            and int(page.predictor) == 1
            and int(page.fillorder) == 1
            and not page.is_tiled
            and page.is_contiguous
        )
        if not plain:
            return []
        kind = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
        size = page.imagelength * page.imagewidth * self._channels * kind.itemsize
        first = page.dataoffsets[0]
        return [
            PlainBlock(self._file, first + plane * size, page.imagewidth, self._channels, kind)
            for plane in range(self._planes)
        ]

    def _segment(self, index: int) -> Samples:
        """Samples of one strip or tile, (H, W, C); valid until the next call."""
        if self._pool is None:
            shape = (self._rows, self._columns, self._channels)
            size = int(np.prod(shape)) * self._page.dtype.itemsize
            count = self._planes * self._down * self._across
            self._pool = np.empty(
                (max(1, min(count, self._most // size)), *shape), self._page.dtype
            )
        if index in self._slots:
            self._slots.move_to_end(index)
        else:
            decoded, extent = self._decode(index)
            slot = len(self._slots)
            if slot == len(self._pool):
                oldest, slot = self._slots.popitem(last=False)
                del self._shapes[oldest]
            self._slots[index], self._shapes[index] = slot, extent
            self._pool[slot][: extent[0], : extent[1]] = decoded
        height, width = self._shapes[index]
        kept: Samples = self._pool[self._slots[index]][:height, :width]
        return kept

    def _decode(self, index: int) -> tuple[Samples | int, tuple[int, int]]:
        self._file.seek(self._page.dataoffsets[index])
        data = self._file.read(self._page.databytecounts[index])
        check_segment(self._segments, index, data)
        decoded, _, shape = self._page.decode(data, index)
        if decoded is None:
            # A sparse file leaves out what holds nothing.
            return self._page.nodata, (shape[1], shape[2])
        return decoded[0], (decoded.shape[1], decoded.shape[2])


def _moved(span: slice, origin: int) -> slice:
    return slice(span.start - origin, span.stop - origin)
