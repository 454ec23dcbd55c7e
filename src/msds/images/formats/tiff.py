"""TIFF at any depth, through tifffile: the extra ``formats``."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.header import Header, exactly
from msds.images.formats.samples import check_finite, straighten
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded, Samples

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_PHOTOMETRIC: dict[int, tuple[Literal["grey", "rgb", "cmyk"], int]] = {
    0: ("grey", 1),
    1: ("grey", 1),
    2: ("rgb", 3),
    5: ("cmyk", 4),
}
_WHITE_IS_ZERO = 0
_ASSOCIATED, _STRAIGHT = 1, 2
_PROFILE, _ORIENTATION = 34675, 274
# Lossless codecs, in which a part decodes to what the whole decodes to: none, LZW, deflate (two
# numbers), PackBits, LZMA, Zstandard.
_LOSSLESS = (1, 5, 8, 32946, 32773, 34925, 50000)


@dataclass(frozen=True)
class Layout:
    """What the samples of one page mean."""

    colour: Literal["grey", "rgb", "cmyk"]
    channels: int
    alpha: Literal["none", "straight", "associated"]
    inverted: bool
    maximum: float
    profile: bytes | None
    orientation: int
    notes: tuple[str, ...]


def read_tiff_header(prefix: bytes, file: BinaryIO) -> Header:
    """First directory of a TIFF or BigTIFF: size, depth and kind of the samples."""
    magic = prefix[:4]
    order = "<" if magic[:2] == b"II" else ">"
    big = magic[2:4] in (b"+\0", b"\0+")
    file.seek(8 if big else 4)
    (offset,) = struct.unpack(order + ("Q" if big else "I"), exactly(file, 8 if big else 4))
    file.seek(offset)
    (count,) = struct.unpack(order + ("Q" if big else "H"), exactly(file, 8 if big else 2))
    size = 20 if big else 12
    entries = exactly(file, min(count, 1000) * size)
    tags: dict[int, int] = {}
    for start in range(0, len(entries), size):
        tag, kind = struct.unpack_from(order + "HH", entries, start)
        (number,) = struct.unpack_from(order + ("Q" if big else "I"), entries, start + 4)
        inline = entries[start + (12 if big else 8) : start + size]
        code = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(kind)
        if code is None or tag not in (256, 257, 258, 339):
            continue
        width = struct.calcsize(order + code)
        if number * width > len(inline):
            (at,) = struct.unpack(order + ("Q" if big else "I"), inline)
            file.seek(at)
            inline = exactly(file, min(number, 16) * width)
        values = struct.unpack_from(order + code * min(number, len(inline) // width), inline)
        tags[tag] = max(values)
    return Header(
        "tiff", tags.get(258, 1), tags.get(339, 1) == 3, tags.get(256, 0), tags.get(257, 0)
    )


def decode_tiff(file: SourceFile) -> Decoded:
    """Decode a TIFF of grey, RGB or CMYK samples: unsigned integers or floating point."""
    tifffile = require("tifffile", EXTRA)
    require("imagecodecs", EXTRA)
    with file.open() as opened, tifffile.TiffFile(opened) as tiff:
        page = tiff.pages[file.check_frame(len(tiff.pages))]
        check_page(page, file)
        layout = read_layout(page, file.name)
        samples = page.asarray()
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
    alpha: Literal["none", "straight", "associated"] = "none"
    notes: tuple[str, ...] = ()
    if extras:
        if extras[0] == _STRAIGHT:
            alpha = "straight"
        elif extras[0] == _ASSOCIATED:
            alpha = "associated"
        else:
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
        samples = samples.astype(np.float32)
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
        int(page.compression) in _LOSSLESS
        and int(page.photometric) in _PHOTOMETRIC
        and page.bitspersample in (8, 16, 32, 64)
    )
