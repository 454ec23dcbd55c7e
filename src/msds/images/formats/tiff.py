"""TIFF at any depth, through tifffile: the extra ``formats``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.header import Header
from msds.images.formats.samples import check_finite, straighten
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.formats.tiff_check import check_tiff
from msds.images.formats.tiff_directory import (
    BITS,
    LENGTH,
    LOSSLESS,
    PLAIN,
    SAMPLE_FORMAT,
    WIDTH,
    read_tags,
)
from msds.images.image import Decoded, Samples

_PHOTOMETRIC: dict[int, tuple[Literal["grey", "rgb", "cmyk"], int]] = {
    0: ("grey", 1),
    1: ("grey", 1),
    2: ("rgb", 3),
    5: ("cmyk", 4),
}
_WHITE_IS_ZERO = 0
Alpha: TypeAlias = Literal["none", "straight", "associated"]
_ALPHA: dict[int, Alpha] = {1: "associated", 2: "straight"}
_PROFILE, _ORIENTATION = 34675, 274
_FLOATING = 3
# Threads of tifffile, each with a strip or tile.
_WORKERS = 4


@dataclass(frozen=True)
class Layout:
    """What the samples of one page mean."""

    colour: Literal["grey", "rgb", "cmyk"]
    channels: int
    alpha: Alpha
    inverted: bool
    maximum: float
    profile: bytes | None
    orientation: int
    notes: tuple[str, ...]


def read_tiff_header(_: bytes, file: BinaryIO) -> Header:
    """Size, depth and kind of the samples, from the first directory."""
    tags = read_tags(file, wanted=(WIDTH, LENGTH, BITS, SAMPLE_FORMAT))
    return Header(
        "tiff",
        max(tags.get(BITS, (1,))),
        max(tags.get(SAMPLE_FORMAT, (1,))) == _FLOATING,
        tags.get(WIDTH, (0,))[0],
        tags.get(LENGTH, (0,))[0],
    )


def decode_tiff(file: SourceFile) -> Decoded:
    """Decode a TIFF of grey, RGB or CMYK samples: unsigned integers or floating point."""
    tifffile = require("tifffile", EXTRA)
    require("imagecodecs", EXTRA)
    with file.open() as opened, tifffile.TiffFile(opened) as tiff:
        page = tiff.pages[file.check_frame(len(tiff.pages))]
        check_page(page, file)
        layout = read_layout(page, file.name)
        _check_need(page, layout, file)
        with file.open() as again:
            check_tiff(again, page.index)
        samples = page.asarray(maxworkers=_WORKERS)
        if samples.ndim == 3 and page.planarconfig == 2:
            samples = samples.transpose(1, 2, 0)
        return interpret(samples, layout, file.name)


def check_page(page: Any, file: SourceFile) -> None:
    """Refuse a page that is too large, or whose tiles are, or whose sizes are no whole numbers."""
    sizes = (page.imagewidth, page.imagelength, page.tilewidth, page.tilelength, page.rowsperstrip)
    if any(type(size) is not int for size in sizes if size is not None):
        raise ValueError(f"its sizes are {sizes}")
    file.check_size(page.imagewidth, page.imagelength)
    if page.is_tiled:
        file.check_size(page.tilewidth, page.tilelength)


def _check_need(page: Any, layout: Layout, file: SourceFile) -> None:
    """Refuse a page whose decoding would take more memory than is allowed."""
    samples = page.imagewidth * page.imagelength * page.samplesperpixel
    size = page.dtype.itemsize
    integer = page.dtype.kind == "u" and size <= 2
    held = samples * (size if integer and layout.alpha != "associated" else 4)
    # What `interpret` makes of them before it is done: a copy, or float64 of wide integers.
    changed = samples * (size if integer else 6 if page.dtype.kind == "f" else 12)
    strips = min(page.rowsperstrip or 1, page.imagelength) * page.imagewidth
    segment = (page.tilewidth * page.tilelength if page.is_tiled else strips) * size
    count = 0 if page.compression == PLAIN else min(_WORKERS, len(page.databytecounts))
    working = 2 * count * segment * page.samplesperpixel + max(page.databytecounts, default=0)
    pixels = page.imagewidth * page.imagelength
    file.check_memory(pixels, samples * size + max(changed, working), held)


def read_layout(page: Any, name: str) -> Layout:
    """Find out what the samples of a page of tifffile's mean; InputError if they are not pixels."""
    photometric = int(page.photometric)
    if photometric not in _PHOTOMETRIC or page.imagedepth != 1:
        raise InputError(
            f"{name}: a TIFF of photometric kind {page.photometric.name} at this depth is not read;"
            " expected grey, RGB or CMYK."
        )
    colour, colours = _PHOTOMETRIC[photometric]
    extras = [int(extra) for extra in page.extrasamples]
    if page.samplesperpixel != colours + len(extras) or len(extras) > 1:
        raise InputError(
            f"{name}: the TIFF has {page.samplesperpixel} channels; expected {colours}, or one more"
            " with alpha."
        )
    alpha = _ALPHA.get(extras[0], "none") if extras else "none"
    notes: tuple[str, ...] = ()
    if extras and alpha == "none":
        notes += ("extra channel of no stated meaning dropped",)
    kind, size = page.dtype.kind, page.dtype.itemsize
    if kind not in "uf" or size > 8 or (kind == "u" and size > 4):
        raise InputError(
            f"{name}: the TIFF holds {page.dtype} samples; expected unsigned integers or floating"
            " point."
        )
    bits = int(page.bitspersample)
    maximum = float(2**bits - 1) if kind == "u" else 1.0
    if kind == "f":
        notes = (f"{bits}-bit floating-point samples", *notes)
    elif bits > 8:
        notes = (f"{bits} bits per sample" + (", rounded to 24" if bits > 24 else ""), *notes)
    tags = page.tags
    orientation = int(tags[_ORIENTATION].value) if _ORIENTATION in tags else 1
    profile = bytes(tags[_PROFILE].value) if _PROFILE in tags else None
    return Layout(
        colour,
        colours,
        alpha,
        photometric == _WHITE_IS_ZERO,
        maximum,
        profile,
        orientation if orientation in range(1, 9) else 1,
        notes,
    )


def interpret(samples: Samples, layout: Layout, name: str) -> Decoded:
    """Samples of a page, whole or a part, (H, W) or (H, W, C), in our own form."""
    if samples.ndim == 2:
        samples = samples[:, :, None]
    if layout.alpha == "none":
        samples = samples[..., : layout.channels]
    maximum = layout.maximum
    if samples.dtype.kind == "f":
        samples = samples.astype(np.float32, copy=False)
        check_finite(samples, name)
    elif samples.dtype.itemsize > 2:
        samples, maximum = (samples / maximum).astype(np.float32), 1.0
    elif samples.dtype.byteorder != "=":
        samples = samples.astype(samples.dtype.newbyteorder("="))
    if layout.inverted:
        samples = samples.copy()
        np.subtract(
            samples.dtype.type(maximum), samples[..., :1], out=samples[..., :1], casting="same_kind"
        )
    if layout.alpha == "associated":
        samples, maximum = straighten(samples, maximum), 1.0
    return Decoded(
        samples,
        layout.colour,
        alpha=layout.alpha != "none",
        maximum=maximum,
        profile=layout.profile,
        orientation=layout.orientation,
        notes=layout.notes,
    )


def readable_in_parts(page: Any) -> bool:
    """Whether parts of a page decode on their own, to what the whole page decodes to."""
    return (
        int(page.compression) in LOSSLESS
        and int(page.photometric) in _PHOTOMETRIC
        and page.bitspersample in (8, 16, 32, 64)
    )
