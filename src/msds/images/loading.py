"""`load_image`: any source to pixels, and the record of what was done on the way."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch

from msds.errors import InputError
from msds.images.arrays import from_array, from_tensor
from msds.images.colour import finish, parse_background
from msds.images.formats.decode import decode_file, identify
from msds.images.formats.pillow import decode_picture
from msds.images.formats.source import SourceFile, decoding
from msds.images.image import Decoded, Image
from msds.images.limits import MAX_PIXELS, Limits, check_file, check_size, display_name
from msds.images.transfer import SRGB, Transfer, parse_transfer

Source = (
    str | os.PathLike[str] | bytes | bytearray | PIL.Image.Image | npt.NDArray[Any] | torch.Tensor
)


def load_image(
    source: Source,
    *,
    background: str = "white",
    frame: int | None = None,
    transfer: str | None = None,
    max_pixels: int = MAX_PIXELS,
    memory: int | None = None,
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
    memory : bytes that decoding a file may take, with the pixels it gives; a file that would take
        more, by its header, is refused before it is decoded. Any amount by default.

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
    limits = Limits(max_pixels, memory)
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
        with decoding(name, "the picture cannot be read"):
            check_size(source.width, source.height, sys.maxsize, name)
            decoded = decode_picture(source, name)
        return finish(decoded, name, background, meant or SRGB)
    if isinstance(source, (bytes, bytearray)):
        return _from_file(_identify(source, frame, meant, limits), background)
    if isinstance(source, (str, os.PathLike)):
        name, path = display_name(source), Path(source)
        check_file(path, name)
        return _from_file(identify(path, name, frame, meant, limits), background)
    raise InputError(
        f"an image was given as {type(source).__name__}; expected a path, bytes, a Pillow image, a"
        " NumPy array or a tensor."
    )


def load_codes(
    data: bytes,
    *,
    background: str = "white",
    frame: int | None = None,
    transfer: str | None = None,
    max_pixels: int = MAX_PIXELS,
    memory: int | None = None,
) -> Image:
    """As `load_image` of a file's bytes, but pixels that are bytes in the file stay bytes.

    Divided by 255 in float32 they are exactly those of `load_image`, at a quarter of the memory.
    Others are float32 in [0, 1].
    """
    meant = None if transfer is None else parse_transfer(transfer)
    file = _identify(data, frame, meant, Limits(max_pixels, memory))
    return finish(decode_file(file), file.name, background, file.transfer, codes=True)


def _identify(
    data: bytes | bytearray, frame: int | None, transfer: Transfer | None, limits: Limits
) -> SourceFile:
    name = "<bytes>"
    if not data:
        raise InputError(f"{name}: there are no bytes; expected an image file's.")
    return identify(bytes(data), name, frame, transfer, limits)


def _from_file(file: SourceFile, background: str) -> Image:
    return finish(decode_file(file), file.name, background, file.transfer)


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
