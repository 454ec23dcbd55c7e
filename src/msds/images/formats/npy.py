"""NumPy's own files, as images."""

from __future__ import annotations

import math
import os
from typing import Any, BinaryIO

import numpy as np

from msds.images.arrays import from_array
from msds.images.formats.header import Header
from msds.images.formats.source import SourceFile
from msds.images.image import Decoded
from msds.images.transfer import SRGB

MAGIC = b"\x93NUMPY"


def read_npy_header(_: bytes, file: BinaryIO) -> Header:
    """Size in pixels of an array that may be an image."""
    file.seek(0)
    shape, _kind = _read_shape(file)
    height, width = shape[:2] if len(shape) in (2, 3) else (0, 0)
    return Header("npy", 32, True, width, height)


def decode_npy(file: SourceFile) -> Decoded:
    """Read a NumPy file that holds an image, see `msds.images.arrays.from_array`."""
    file.check_frame(1)
    with file.open() as opened:
        shape, kind = _read_shape(opened)
        if len(shape) >= 2:
            file.check_size(shape[1], shape[0])
        count = math.prod(shape)
        held = count * max(4 if kind.kind == "f" else 2, 1)
        pixels = count // (shape[2] if len(shape) == 3 and shape[2] else 1)
        file.check_memory(pixels, count * kind.itemsize + held, held)
        expected = opened.tell() + count * kind.itemsize
        found = opened.seek(0, os.SEEK_END)
        if found != expected and not kind.hasobject:
            raise EOFError(f"the file has {found} bytes, not {expected}")
        opened.seek(0)
        array = np.load(opened, allow_pickle=False)
    return from_array(array, file.name, check_range=file.transfer == SRGB)


def _read_shape(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of an array; the file stands where its values begin."""
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, kind = read(file)
    return shape, kind
