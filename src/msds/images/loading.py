"""`load_image`: any source to pixels, and the record of what was done on the way."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch

from msds.errors import InputError, MissingExtraError
from msds.images.arrays import from_array, from_tensor
from msds.images.colour import finish, parse_background
from msds.images.deep import DEEP_CONTAINERS, decode_deep
from msds.images.hdr import HDR_CONTAINERS, decode_hdr
from msds.images.headers import Header, read_header
from msds.images.image import Decoded, Image
from msds.images.limits import (
    MAX_PIXELS,
    check_file,
    check_size,
    display_name,
    named_memory_errors,
)
from msds.images.standard import decode_picture, decode_standard
from msds.images.tiff import decode_tiff
from msds.images.transfer import (
    HLG_CODE,
    LINEAR_CODE,
    PQ_CODE,
    SRGB,
    Transfer,
    numbered_primaries,
    parse_transfer,
)

Source = (
    str | os.PathLike[str] | bytes | bytearray | PIL.Image.Image | npt.NDArray[Any] | torch.Tensor
)

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


def load_image(
    source: Source,
    *,
    background: str = "white",
    frame: int | None = None,
    transfer: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Image:
    """Read an image from a file, its bytes, a Pillow image, an array or a tensor.

    Orientation is applied, an embedded colour profile converted to sRGB, CMYK, grey and palettes
    expanded, and transparency composited on `background`; each is written into the notes.

    Parameters
    ----------
    source : a path; the bytes of a file; a Pillow image; a NumPy array (H, W), (H, W, 3) or
        (H, W, 4); or a tensor (H, W), (C, H, W) or (1, C, H, W). Arrays and tensors hold uint8,
        uint16, or floating point in [0, 1], in sRGB.
    background : what shows through transparent pixels: ``"white"``, ``"black"`` or ``"#rrggbb"``.
    frame : which image of an animated or multi-page file, from 0; without it such files are
        refused.
    transfer : how the colour samples are meant; needed for files of floating-point samples and for
        those that state PQ, HLG or linear light. ``"srgb"``: as in any photograph, taken as they
        are. ``"linear:PEAK"``: linear light, PEAK is shown as white. ``"pq"``, ``"pq:PEAK"``,
        ``"hlg"``, ``"hlg:PEAK"``: ITU-R BT.2100, PEAK cd/m2 (1000 if not given) is shown as
        white. What is brighter than white, or outside sRGB's gamut, is clipped and noted.
    max_pixels : files with more pixels are refused before they are decoded.

    Returns
    -------
    Image
        (3, H, W) float32 in [0, 1], sRGB, with notes of what was done.

    Raises
    ------
    InputError
        If the source is missing, empty, damaged, too large, or not an image this can read. It is a
        MemoryError too where memory ran short while a file was decoded.
    """
    parse_background(background)
    meant = None if transfer is None else parse_transfer(transfer)
    if isinstance(source, torch.Tensor):
        return _from_tensor(source, frame, meant)
    if isinstance(source, np.ndarray):
        name = "<array>"
        _refuse_frame(frame, name)
        decoded = from_array(source, name, check_range=meant in (None, SRGB))
        return finish(decoded, name, background, meant or SRGB)
    if isinstance(source, PIL.Image.Image):
        name = display_name(getattr(source, "filename", "") or "<picture>")
        _refuse_frame(frame, name)
        return finish(decode_picture(source, name), name, background, meant or SRGB)
    if isinstance(source, (bytes, bytearray)):
        name, data = "<bytes>", bytes(source)
        if not data:
            raise InputError(f"{name}: there are no bytes; expected an image file's.")
        header = read_header(io.BytesIO(data))
        meant = file_transfer(header, meant, name)
        decoded = decode_file(header, data, name, frame, max_pixels, meant)
        return finish(decoded, name, background, meant)
    if isinstance(source, (str, os.PathLike)):
        name, path = display_name(source), Path(source)
        check_file(path, name)
        try:
            with path.open("rb") as file:
                header = read_header(file)
            meant = file_transfer(header, meant, name)
            decoded = decode_file(header, path, name, frame, max_pixels, meant)
        except OSError as error:
            raise InputError(f"{name}: the file cannot be read ({error}).") from error
        return finish(decoded, name, background, meant)
    raise InputError(
        f"an image was given as {type(source).__name__}; expected a path, bytes, a Pillow image, a"
        " NumPy array or a tensor."
    )


def file_transfer(header: Header, asked: Transfer | None, name: str) -> Transfer:
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


def decode_file(
    header: Header,
    source: Path | bytes,
    name: str,
    frame: int | None,
    max_pixels: int,
    transfer: Transfer,
) -> Decoded:
    """Decode a file by the decoder that keeps its depth."""
    if transfer == SRGB and header.transfer in _STATED:
        # Samples asked for as they are, although the file means them otherwise.
        header = replace(header, primaries=2)
    if header.width and header.height:
        check_size(header.width, header.height, max_pixels, name)
    with named_memory_errors(name), _named_extra(header, name):
        if not header.deep:
            decoded = decode_standard(source, name, frame, max_pixels)
            primaries = numbered_primaries(header.primaries)
            return decoded if primaries is None else replace(decoded, primaries=primaries)
        if header.container == "tiff":
            return decode_tiff(source, name, frame, max_pixels)
        if header.container in HDR_CONTAINERS:
            return decode_hdr(header, source, name, frame, max_pixels, transfer == SRGB)
        if header.container in DEEP_CONTAINERS:
            return decode_deep(header, source, name, frame, max_pixels)
    raise InputError(
        f"{name}: a {header.container} file of {header.depth} bits per sample is not read; expected"
        " 8 bits, or another format."
    )


@contextmanager
def _named_extra(header: Header, name: str) -> Iterator[None]:
    """Name the file, and what it is, if a library is missing that it needs."""
    try:
        yield
    except MissingExtraError as error:
        kind = _KINDS.get(header.container, "this file")
        if header.floating:
            kind += " of floating-point samples"
        elif header.depth > 8:
            kind += f" of {header.depth} bits per sample"
        raise error.of(f"{name}: {kind}") from error


def _from_tensor(tensor: torch.Tensor, frame: int | None, transfer: Transfer | None) -> Image:
    name = "<tensor>"
    _refuse_frame(frame, name)
    plain = transfer in (None, SRGB)
    pixels, notes = from_tensor(tensor, name, check_range=plain)
    if transfer is None or plain:
        return Image(pixels, notes, name)
    samples = pixels.permute(1, 2, 0).cpu().numpy()
    shown = finish(Decoded(samples, "rgb", maximum=1.0, notes=notes), name, "white", transfer)
    return replace(shown, pixels=shown.pixels.to(tensor.device))


def _refuse_frame(frame: int | None, name: str) -> None:
    if frame is not None:
        raise InputError(f"{name}: frame {frame} was asked for; only files have frames.")
