"""`decode_file`: any file by the decoder that keeps its depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from msds.errors import InputError, MissingExtraError
from msds.images.formats.avif import decode_avif
from msds.images.formats.exr import decode_exr
from msds.images.formats.header import Header
from msds.images.formats.heif import decode_heif
from msds.images.formats.identify import read_header
from msds.images.formats.jp2 import decode_jp2
from msds.images.formats.jxl import decode_jxl
from msds.images.formats.netpbm import decode_netpbm
from msds.images.formats.npy import decode_npy
from msds.images.formats.pillow import decode_pillow
from msds.images.formats.png import decode_png
from msds.images.formats.radiance import decode_radiance
from msds.images.formats.source import SourceFile, decoding
from msds.images.formats.tiff import decode_tiff
from msds.images.image import Decoded
from msds.images.limits import Limits
from msds.images.transfer import (
    HLG_CODE,
    LINEAR_CODE,
    PQ_CODE,
    SRGB,
    Transfer,
    numbered_primaries,
)

_DEEP: dict[str, Callable[[SourceFile], Decoded]] = {
    "png": decode_png,
    "tiff": decode_tiff,
    "avif": decode_avif,
    "heif": decode_heif,
    "jxl": decode_jxl,
    "jp2": decode_jp2,
    "exr": decode_exr,
    "radiance": decode_radiance,
    "pnm": decode_netpbm,
    "pfm": decode_netpbm,
    "npy": decode_npy,
}
_KINDS = {
    "png": "a PNG",
    "tiff": "a TIFF",
    "avif": "an AVIF file",
    "heif": "a HEIF file",
    "jxl": "a JPEG XL file",
    "jp2": "a JPEG 2000 file",
    "exr": "an OpenEXR file",
    "radiance": "a Radiance file",
}
_STATED = {
    PQ_CODE: "the PQ transfer function",
    HLG_CODE: "the HLG transfer function",
    LINEAR_CODE: "linear light",
}


def identify(
    content: Path | bytes,
    name: str,
    frame: int | None,
    transfer: Transfer | None,
    limits: Limits,
    *,
    whole: bool = True,
) -> SourceFile:
    """Look at the start of a file, given by its path or its bytes, and settle how it is meant.

    Parameters
    ----------
    content, name, frame, limits, whole : see `SourceFile`.
    transfer : how the samples are meant; None if that was not said.

    Raises
    ------
    InputError
        If it cannot be read, or needs to be told how it is meant and is not.
    """
    file = SourceFile(content, name, Header("other"), frame, limits, whole=whole)
    try:
        with file.open() as opened:
            header = read_header(opened)
    except OSError as error:
        raise InputError(f"{name}: the file cannot be read ({error}).") from error
    return replace(file, header=header, transfer=meant_transfer(header, transfer, name))


def meant_transfer(header: Header, asked: Transfer | None, name: str) -> Transfer:
    """How the samples of a file are meant; InputError if the file needs to be told and is not."""
    if asked is not None:
        return asked
    if header.floating and header.container != "npy":
        raise InputError(
            f"{name}: a {header.container} file of floating-point samples; say how they are meant"
            " with transfer: linear:PEAK (PEAK is shown as white) or srgb."
        )
    if header.transfer in _STATED:
        raise InputError(
            f"{name}: the file states {_STATED[header.transfer]}; say how it is to be shown with"
            " transfer: pq, hlg, linear:PEAK, or srgb to take the samples as they are."
        )
    return SRGB


def decode_file(file: SourceFile) -> Decoded:
    """Decode a file by the decoder that keeps its depth.

    Raises
    ------
    MissingExtraError
        If a library is missing that the file needs.
    InputError
        If the file is damaged, too large, holds something other than an image, or has several
        frames and none was named.
    """
    header = file.header
    if file.transfer == SRGB and header.transfer in _STATED:
        # Samples asked for as they are, although the file means them otherwise.
        header = replace(header, primaries=2)
        file = replace(file, header=header)
    if header.width and header.height:
        file.check_size(header.width, header.height)
    wrong = f"the {header.container} data are truncated or damaged"
    with decoding(file.name, wrong), named_extra(file):
        if not header.deep:
            decoded = decode_pillow(file)
            primaries = numbered_primaries(header.primaries)
            return decoded if primaries is None else replace(decoded, primaries=primaries)
        if header.container in _DEEP:
            decoded = _DEEP[header.container](file)
            file.check_size(decoded.samples.shape[1], decoded.samples.shape[0])
            return decoded
    raise InputError(
        f"{file.name}: a {header.container} file of {header.depth} bits per sample is not read;"
        " expected 8 bits, or another format."
    )


@contextmanager
def named_extra(file: SourceFile) -> Iterator[None]:
    """Name the file, and what it is, if a library is missing that it needs."""
    try:
        yield
    except MissingExtraError as error:
        kind = _KINDS.get(file.header.container, "this file")
        if file.header.floating:
            kind += " of floating-point samples"
        elif file.header.depth > 8:
            kind += f" of {file.header.depth} bits per sample"
        raise error.of(f"{file.name}: {kind}") from error
