"""`load_image`: any source to pixels, and the record of what was done on the way."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch

from msds.errors import InputError
from msds.images.arrays import from_array, from_tensor
from msds.images.colour import finish, parse_background
from msds.images.headers import read_header
from msds.images.image import Decoded, Image
from msds.images.limits import MAX_PIXELS, check_file, check_size, display_name
from msds.images.standard import decode_picture, decode_standard

Source = (
    str | os.PathLike[str] | bytes | bytearray | PIL.Image.Image | npt.NDArray[Any] | torch.Tensor
)


def load_image(
    source: Source,
    *,
    background: str = "white",
    frame: int | None = None,
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
    max_pixels : files with more pixels are refused before they are decoded.

    Returns
    -------
    Image
        (3, H, W) float32 in [0, 1], sRGB, with notes of what was done.

    Raises
    ------
    InputError
        If the source is missing, empty, damaged, too large, or not an image this can read.
    """
    parse_background(background)
    if isinstance(source, torch.Tensor):
        name = "<tensor>"
        _refuse_frame(frame, name)
        return Image(*from_tensor(source, name), name)
    if isinstance(source, np.ndarray):
        name = "<array>"
        _refuse_frame(frame, name)
        return finish(from_array(source, name), name, background)
    if isinstance(source, PIL.Image.Image):
        name = display_name(getattr(source, "filename", "") or "<picture>")
        _refuse_frame(frame, name)
        return finish(decode_picture(source, name), name, background)
    if isinstance(source, (bytes, bytearray)):
        name, data = "<bytes>", bytes(source)
        if not data:
            raise InputError(f"{name}: there are no bytes; expected an image file's.")
        return finish(_decode(data, io.BytesIO(data), name, frame, max_pixels), name, background)
    if isinstance(source, (str, os.PathLike)):
        name, path = display_name(source), Path(source)
        check_file(path, name)
        try:
            with path.open("rb") as file:
                return finish(_decode(path, file, name, frame, max_pixels), name, background)
        except OSError as error:
            raise InputError(f"{name}: the file cannot be read ({error}).") from error
    raise InputError(
        f"an image was given as {type(source).__name__}; expected a path, bytes, a Pillow image, a"
        " NumPy array or a tensor."
    )


def _decode(
    source: Path | bytes, file: BinaryIO, name: str, frame: int | None, max_pixels: int
) -> Decoded:
    header = read_header(file)
    if header.width and header.height:
        check_size(header.width, header.height, max_pixels, name)
    if header.deep:
        depth = f"{header.depth} bits per sample" if header.depth else "its own depth"
        raise InputError(
            f"{name}: a {header.container} file with {depth} is not read yet; expected 8 bits per"
            " sample, in a format that Pillow reads."
        )
    return decode_standard(source, name, frame, max_pixels)


def _refuse_frame(frame: int | None, name: str) -> None:
    if frame is not None:
        raise InputError(f"{name}: frame {frame} was asked for; only files have frames.")
