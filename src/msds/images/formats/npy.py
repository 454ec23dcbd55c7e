"""NumPy's own files, as images."""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np

from msds.images.arrays import from_array
from msds.images.formats.header import Header
from msds.images.formats.source import SourceFile
from msds.images.image import Decoded
from msds.images.transfer import SRGB

MAGIC = b"\x93NUMPY"


def read_npy_header(_prefix: bytes, _: BinaryIO) -> Header:
    """That it is a NumPy file."""
    return Header("npy", 32, floating=True)


def decode_npy(file: SourceFile) -> Decoded:
    """Read a NumPy file that holds an image, see `msds.images.arrays.from_array`."""
    file.check_frame(1)
    data = io.BytesIO(file.read())
    version = np.lib.format.read_magic(data)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, _ = read(data)
    if len(shape) >= 2:
        file.check_size(shape[1], shape[0])
    data.seek(0)
    array = np.load(data, allow_pickle=False)
    return from_array(array, file.name, check_range=file.transfer == SRGB)
