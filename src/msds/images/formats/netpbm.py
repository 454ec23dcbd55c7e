"""Netpbm: the header, 16-bit PGM and PPM, and PFM of floating-point samples."""

from __future__ import annotations

import math
import os
import re
from typing import BinaryIO

import numpy as np

from msds.errors import InputError
from msds.images.formats.header import Header
from msds.images.formats.samples import arrange, check_finite
from msds.images.formats.source import SourceFile
from msds.images.image import Decoded

PNM_MAGICS = (b"P2", b"P3", b"P5", b"P6")
PFM_MAGICS = (b"PF\n", b"Pf\n")

# Bytes of a pixel of up to 8 bits per sample.
_BYTES = {b"P4": 0, b"P5": 1, b"P6": 3}
_FIELD = re.compile(rb"\s*(?:#[^\n]*\n\s*)*(\S+)")


def read_pfm_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size in pixels."""
    width, height, _scale = _fields(prefix)[0]
    return Header("pfm", 32, True, int(width), int(height))


def read_pnm_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size and depth."""
    width, height, maximum = (int(field) for field in _fields(prefix)[0])
    return Header("pnm", max(1, maximum.bit_length()), False, width, height)


def check_pnm(file: BinaryIO, _: int) -> None:
    """Refuse a PBM, PGM or PPM in bytes of which some are missing, or some are left over.

    Raises
    ------
    ValueError, EOFError
        If it is not as long as its header says.
    """
    prefix = file.read(1 << 16)
    kind = prefix[:2]
    if kind not in _BYTES:
        return
    fields, start = _fields(prefix, 2 if kind == b"P4" else 3)
    width, height = int(fields[0]), int(fields[1])
    row = -(-width // 8) if kind == b"P4" else width * _BYTES[kind]
    if kind != b"P4" and int(fields[2]) > 255:
        row *= 2
    _check_end(file, start, row * height)


def _check_end(file: BinaryIO, start: int, expected: int) -> None:
    """Refuse a file that does not end behind its samples, but for white space."""
    found = file.seek(0, os.SEEK_END) - start
    file.seek(start + expected)
    if found < expected or file.read(1 << 16).strip():
        # What follows may be another image, or this one is not as large as it says.
        raise ValueError(f"the file has {found} bytes of samples, not {expected}")


def _fields(data: bytes, count: int = 3) -> tuple[list[bytes], int]:
    """Width, height and the fields after them, and where the samples begin."""
    position = 2
    fields: list[bytes] = []
    while len(fields) < count:
        match = _FIELD.match(data, position)
        if match is None:
            raise EOFError("the header ends early")
        fields.append(match[1])
        position = match.end()
    return fields, position + 1


def decode_netpbm(file: SourceFile) -> Decoded:
    """Decode a PFM file, or a PGM or PPM file of 16 bits per sample."""
    file.check_frame(1)
    with file.open() as opened:
        prefix = opened.read(1 << 16)
        kind, (fields, start) = prefix[:2], _fields(prefix)
        width, height = int(fields[0]), int(fields[1])
        file.check_size(width, height)
        if kind in (b"P2", b"P3"):
            raise InputError(
                f"{file.name}: a PNM file of more than 8 bits, written out in text, is not read;"
                " expected the binary kind."
            )
        shape = (height, width, 3 if kind in (b"P6", b"PF") else 1)
        count = math.prod(shape)
        deep = kind in (b"P5", b"P6")
        size = 2 if deep else 4
        file.check_memory(width * height, (2 * size + 1) * count, size * count)
        _check_end(opened, start, size * count)
        opened.seek(start)
        data = opened.read(size * count)
    if deep:
        samples = np.frombuffer(data, ">u2", count).reshape(shape).astype(np.uint16)
        maximum = int(fields[2])
        if samples.max() > maximum:
            raise ValueError(f"a sample of {samples.max()} is above the stated {maximum}")
        notes = (f"{maximum.bit_length()} bits per sample",)
        return arrange(samples, maximum, file.name, notes=notes)
    order = "<f4" if float(fields[2]) < 0 else ">f4"
    # Rows run from the bottom up.
    floats = np.frombuffer(data, order, count).reshape(shape)[::-1].astype(np.float32)
    check_finite(floats, file.name)
    return arrange(floats, 1.0, file.name, notes=("floating-point samples of a PFM file",))
