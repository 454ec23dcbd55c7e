"""Netpbm: the header, 16-bit PGM and PPM, and PFM of floating-point samples."""

from __future__ import annotations

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


def read_pfm_header(_prefix: bytes, _: BinaryIO) -> Header:
    """That it is a PFM file."""
    return Header("pfm", 32, floating=True)


def read_pnm_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size and depth."""
    fields: list[int] = []
    position = 2
    while len(fields) < 3:
        line_end = (
            prefix.index(b"\n", position) if prefix[position : position + 1] == b"#" else None
        )
        if line_end is not None:
            position = line_end + 1
            continue
        end = position
        while end < len(prefix) and not prefix[end : end + 1].isspace() and prefix[end] != 0x23:
            end += 1
        if end > position:
            fields.append(int(prefix[position:end]))
            position = end
        else:
            position += 1
            if position >= len(prefix):
                raise EOFError
    return Header("pnm", max(1, fields[2].bit_length()), False, fields[0], fields[1])


def decode_netpbm(file: SourceFile) -> Decoded:
    """Decode a PFM file, or a PGM or PPM file of 16 bits per sample."""
    file.check_frame(1)
    data, name = file.read(), file.name
    kind, position = data[:2], 2
    fields: list[bytes] = []
    while len(fields) < 3:
        match = re.compile(rb"\s*(?:#[^\n]*\n\s*)*(\S+)").match(data, position)
        if match is None:
            raise EOFError("the header ends early")
        fields.append(match[1])
        position = match.end()
    position += 1
    width, height = int(fields[0]), int(fields[1])
    file.check_size(width, height)
    if kind in (b"P2", b"P3"):
        raise InputError(
            f"{name}: a PNM file of more than 8 bits, written out in text, is not read; expected"
            " the binary kind."
        )
    shape = (height, width, 3 if kind in (b"P6", b"PF") else 1)
    count = int(np.prod(shape))
    if kind in (b"P5", b"P6"):
        samples = np.frombuffer(data, ">u2", count, position).reshape(shape).astype(np.uint16)
        maximum = int(fields[2])
        if samples.max() > maximum:
            raise ValueError(f"a sample of {samples.max()} is above the stated {maximum}")
        notes = (f"{maximum.bit_length()} bits per sample",)
        return arrange(samples, maximum, name, notes=notes)
    order = "<f4" if float(fields[2]) < 0 else ">f4"
    # Rows run from the bottom up.
    floats = np.frombuffer(data, order, count, position).reshape(shape)[::-1].astype(np.float32)
    check_finite(floats, name)
    return arrange(floats, 1.0, name, notes=("floating-point samples of a PFM file",))
