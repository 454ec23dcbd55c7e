"""Integer files of more than 8 bits per sample, and formats Pillow lacks: the extra ``formats``."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import PIL.Image

from msds.errors import InputError, require
from msds.images import jxl
from msds.images.headers import Header, has_late_metadata
from msds.images.image import Decoded, Samples
from msds.images.limits import check_frame, check_size, pillow_limit
from msds.images.standard import DAMAGE, read_orientation
from msds.images.transfer import numbered_primaries

EXTRA = "formats"


def decode_deep(
    header: Header, source: Path | bytes, name: str, frame: int | None, max_pixels: int
) -> Decoded:
    """Decode a PNG, AVIF, HEIC, JPEG XL or JPEG 2000 file at its own depth.

    Parameters
    ----------
    header : what the file's first bytes say.
    source : the file or its bytes.
    name : what to call it in an error.
    frame : which image of a file with several, from 0.
    max_pixels : larger images are refused.

    Raises
    ------
    MissingExtraError
        If the libraries of the extra are not installed.
    InputError
        If the file is damaged, too large, or has several frames and none was named.
    """
    decode = _DECODERS[header.container]
    try:
        decoded = decode(header, source, name, frame, max_pixels)
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(
            f"{name}: the {header.container} data are truncated or damaged ({error})."
        ) from error
    check_size(decoded.samples.shape[1], decoded.samples.shape[0], max_pixels, name)
    return decoded


def arrange(
    samples: Samples,
    maximum: float,
    name: str,
    *,
    profile: bytes | None = None,
    orientation: int = 1,
    header: Header | None = None,
    notes: tuple[str, ...] = (),
) -> Decoded:
    """Samples of a decoder, (H, W) or (H, W, C) with 1 to 4 channels, in our own form."""
    if samples.ndim == 2:
        samples = samples[:, :, None]
    if samples.ndim != 3 or not 1 <= samples.shape[2] <= 4:
        raise InputError(
            f"{name}: the decoded image has shape {samples.shape}; expected one image of 1 to 4"
            " channels."
        )
    return Decoded(
        samples,
        "grey" if samples.shape[2] < 3 else "rgb",
        alpha=samples.shape[2] in (2, 4),
        maximum=maximum,
        profile=profile or None,
        primaries=numbered_primaries(header.primaries) if header else None,
        transfer=header.transfer if header else 2,
        orientation=orientation,
        notes=notes,
    )


def read_bytes(source: Path | bytes) -> bytes:
    """All bytes of a file."""
    return source if isinstance(source, bytes) else source.read_bytes()


def _png(
    header: Header, source: Path | bytes, name: str, frame: int | None, max_pixels: int
) -> Decoded:
    codecs = require("imagecodecs", EXTRA)
    info = pillow_info(source, max_pixels, name)
    if check_frame(frame, info["frames"], name) != 0:
        raise InputError(f"{name}: of an animated PNG of 16 bits, only frame 0 is read.")
    samples = codecs.png_decode(read_bytes(source))
    return arrange(
        samples,
        65535,
        name,
        profile=info["profile"],
        orientation=info["orientation"],
        header=header,
        notes=depth_note(header),
    )


def _avif(
    header: Header, source: Path | bytes, name: str, frame: int | None, max_pixels: int
) -> Decoded:
    codecs = require("imagecodecs", EXTRA)
    info = pillow_info(source, max_pixels, name)
    index = check_frame(frame, info["frames"], name)
    samples = codecs.avif_decode(read_bytes(source), index=index, numthreads=1)
    return arrange(
        samples,
        2**header.depth - 1,
        name,
        profile=info["profile"],
        orientation=info["orientation"],
        header=header,
        notes=depth_note(header),
    )


def _heif(
    header: Header, source: Path | bytes, name: str, frame: int | None, max_pixels: int
) -> Decoded:
    heif = require("pillow_heif", EXTRA)
    file = heif.open_heif(io.BytesIO(read_bytes(source)), convert_hdr_to_8bit=False)
    notes = depth_note(header)
    if frame is None and len(file) > 1:
        index = file.primary_index
        notes += (f"primary image of {len(file)}",)
    else:
        index = check_frame(frame, len(file), name)
    picture = file[index]
    check_size(picture.size[0], picture.size[1], max_pixels, name)
    samples = np.asarray(picture)
    if samples.dtype == np.uint8:
        maximum = 255.0
    else:
        # The decoder shifts the samples up to 16 bits.
        depth = int(picture.info["bit_depth"])
        maximum = float((2**depth - 1) << (16 - depth))
    return arrange(
        samples,
        maximum,
        name,
        profile=picture.info.get("icc_profile"),
        header=header,
        notes=notes,
    )


def _jxl(
    header: Header, source: Path | bytes, name: str, frame: int | None, max_pixels: int
) -> Decoded:
    codecs = require("imagecodecs", EXTRA)
    data = read_bytes(source)
    found = jxl.read_jxl_header(data[: 1 << 16])
    if found.animated:
        raise InputError(f"{name}: this is an animated JPEG XL; expected a still one.")
    check_frame(frame, 1, name)
    samples = codecs.jpegxl_decode(data, numthreads=1)
    notes = depth_note(header)
    if found.profile:
        notes += ("embedded colour profile is not handed out by the decoder and was not applied",)
    if samples.dtype.kind == "f":
        maximum = 1.0
        samples = samples.astype(np.float32)
    else:
        maximum = float(2**found.depth - 1)
    if found.premultiplied:
        samples = straighten(samples, maximum)
        maximum = 1.0
    return arrange(samples, maximum, name, header=header, notes=notes)


def _jp2(
    header: Header, source: Path | bytes, name: str, frame: int | None, max_pixels: int
) -> Decoded:
    codecs = require("imagecodecs", EXTRA)
    check_frame(frame, 1, name)
    samples = codecs.jpeg2k_decode(read_bytes(source), numthreads=1)
    if samples.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{name}: a JPEG 2000 file of {samples.dtype} samples is not read; expected unsigned"
            " ones of up to 16 bits."
        )
    return arrange(samples, 2**header.depth - 1, name, notes=depth_note(header))


_Decoder = Callable[[Header, "Path | bytes", str, "int | None", int], Decoded]
_DECODERS: dict[str, _Decoder] = {
    "png": _png,
    "avif": _avif,
    "heif": _heif,
    "jxl": _jxl,
    "jp2": _jp2,
}
DEEP_CONTAINERS = tuple(_DECODERS)


def straighten(samples: Samples, maximum: float) -> Samples:
    """Divide premultiplied colour by its alpha: float32, 1.0 the greatest."""
    scaled: Samples = samples.astype(np.float32) / np.float32(maximum)
    alpha = scaled[..., -1:]
    np.divide(scaled[..., :-1], alpha, out=scaled[..., :-1], where=alpha > 0)
    return scaled


def pillow_info(source: Path | bytes, max_pixels: int, name: str) -> dict[str, Any]:
    """Profile, orientation and number of frames, which the deep decoders do not hand out."""
    with ExitStack() as stack:
        stack.enter_context(pillow_limit(max_pixels, name))
        file: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        stack.enter_context(file)
        late = has_late_metadata(file)
        picture = stack.enter_context(PIL.Image.open(file))
        return {
            "profile": picture.info.get("icc_profile"),
            "orientation": read_orientation(picture, decode=late),
            "frames": int(getattr(picture, "n_frames", 1)),
        }


def depth_note(header: Header) -> tuple[str, ...]:
    """Note of samples that are deeper than 8 bits."""
    if header.floating:
        return (f"{header.depth}-bit floating-point samples",)
    return (f"{header.depth} bits per sample",) if header.depth > 8 else ()
