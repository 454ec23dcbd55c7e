"""What a file is and how deep its samples are, from its first bytes, before anything is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from msds.images import jxl

_PREFIX = 1 << 16
_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_JPEG_NOT_FRAMES = (0xC4, 0xC8, 0xCC)


@dataclass(frozen=True)
class Header:
    """What the first bytes of a file say.

    Attributes
    ----------
    container : ``"png"``, ``"tiff"``, ``"jpeg"``, ``"avif"``, ``"heif"``, ``"jxl"``, ``"jp2"``,
        ``"exr"``, ``"radiance"``, ``"pnm"``, ``"pfm"``, ``"npy"``; ``"other"`` for the rest.
    depth : bits per sample; 0 where the header does not tell.
    floating : whether samples are floating-point numbers.
    width, height : size in pixels; 0 where the header does not tell.
    primaries, transfer : code points of ITU-T H.273; 2 where none are stated.
    """

    container: str
    depth: int = 0
    floating: bool = False
    width: int = 0
    height: int = 0
    primaries: int = 2
    transfer: int = 2

    @property
    def deep(self) -> bool:
        """Whether 8 bits per sample cannot hold what the file holds."""
        return self.floating or self.depth > 8 or self.container in ("jxl", "heif")


def read_header(file: BinaryIO) -> Header:
    """Look at the start of a file; never fails, a damaged header reads as ``"other"``."""
    file.seek(0)
    prefix = file.read(_PREFIX)
    try:
        return _identify(prefix, file)
    except (struct.error, IndexError, ValueError, KeyError, EOFError, OverflowError):
        return Header("other")


def _identify(prefix: bytes, file: BinaryIO) -> Header:
    if prefix.startswith(_PNG):
        return _png(prefix)
    if prefix[:4] in _TIFF_MAGICS:
        return _tiff(prefix[:4], file)
    if prefix.startswith(b"\xff\xd8\xff"):
        return _jpeg(file)
    if prefix[4:8] == b"ftyp":
        return _isobmff(prefix, file)
    if prefix.startswith((jxl.BOX, jxl.CODESTREAM)):
        return _jxl(prefix)
    if prefix.startswith(b"\x00\x00\x00\x0cjP  ") or prefix.startswith(b"\xff\x4f\xff\x51"):
        return _jp2(prefix)
    if prefix.startswith(b"v/1\x01"):
        return Header("exr", 32, floating=True)
    if prefix.startswith((b"#?RADIANCE", b"#?RGBE")):
        return Header("radiance", 32, floating=True)
    if prefix.startswith((b"PF\n", b"Pf\n")):
        return Header("pfm", 32, floating=True)
    if prefix.startswith(b"\x93NUMPY"):
        return Header("npy", 32, floating=True)
    if prefix[:2] in (b"P2", b"P3", b"P5", b"P6") and prefix[2:3].isspace():
        return _pnm(prefix)
    return Header("other")


def _png(prefix: bytes) -> Header:
    width, height, depth = struct.unpack_from(">IIB", prefix, 16)
    primaries = transfer = 2
    position = 8
    while position + 8 <= len(prefix):
        length, kind = struct.unpack_from(">I4s", prefix, position)
        if kind == b"cICP":
            primaries, transfer = prefix[position + 8], prefix[position + 9]
        if kind == b"IDAT":
            break
        position += 12 + length
    return Header("png", depth, False, width, height, primaries, transfer)


def has_late_metadata(file: BinaryIO) -> bool:
    """Whether a PNG has text or EXIF after its pixels, where only a decoder finds it."""
    file.seek(0)
    if file.read(8) != _PNG:
        return False
    pixels = False
    while len(start := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", start)
        pixels |= kind == b"IDAT"
        if pixels and kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
            return True
        file.seek(length + 4, 1)
    return False


def _jpeg(file: BinaryIO) -> Header:
    file.seek(2)
    while True:
        marker = _exactly(file, 2)
        while marker[1] == 0xFF:
            marker = b"\xff" + _exactly(file, 1)
        if marker[0] != 0xFF:
            raise ValueError("no marker")
        (length,) = struct.unpack(">H", _exactly(file, 2))
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in _JPEG_NOT_FRAMES:
            depth, height, width = struct.unpack(">BHH", _exactly(file, 5))
            return Header("jpeg", depth, False, width, height)
        file.seek(length - 2, 1)


def _tiff(magic: bytes, file: BinaryIO) -> Header:
    """First directory of a TIFF or BigTIFF: size, depth and kind of the samples."""
    order = "<" if magic[:2] == b"II" else ">"
    big = magic[2:4] in (b"+\0", b"\0+")
    file.seek(8 if big else 4)
    (offset,) = struct.unpack(order + ("Q" if big else "I"), _exactly(file, 8 if big else 4))
    file.seek(offset)
    (count,) = struct.unpack(order + ("Q" if big else "H"), _exactly(file, 8 if big else 2))
    size = 20 if big else 12
    entries = _exactly(file, min(count, 1000) * size)
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
            inline = _exactly(file, min(number, 16) * width)
        values = struct.unpack_from(order + code * min(number, len(inline) // width), inline)
        tags[tag] = max(values)
    return Header(
        "tiff", tags.get(258, 1), tags.get(339, 1) == 3, tags.get(256, 0), tags.get(257, 0)
    )


def _isobmff(prefix: bytes, file: BinaryIO) -> Header:
    """Properties of a HEIF or AVIF file: size (ispe), depth (pixi, av1C, hvcC), colour (nclx)."""
    (length,) = struct.unpack_from(">I", prefix, 0)
    brands = [prefix[8:12]] + [prefix[i : i + 4] for i in range(16, min(length, 256), 4)]
    if any(brand in _AVIF_BRANDS for brand in brands):
        container = "avif"
    elif any(brand in _HEIF_BRANDS for brand in brands):
        container = "heif"
    else:
        return Header("other")
    properties = _properties(file)
    depth = width = height = 0
    primaries = transfer = 2
    for kind, body in properties:
        if kind == b"ispe":
            width, height = max(
                (width, height),
                struct.unpack_from(">II", body, 4),
                key=lambda size: size[0] * size[1],
            )
        elif kind == b"pixi":
            depth = max(depth, *body[5 : 5 + body[4]])
        elif kind == b"av1C":
            high, twelve = body[2] >> 6 & 1, body[2] >> 5 & 1
            depth = max(depth, 8 + 2 * high + 2 * (high & twelve))
        elif kind == b"hvcC":
            depth = max(depth, 8 + (body[17] & 7))
        elif kind == b"colr" and body[:4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", body, 4)
    return Header(container, depth, False, width, height, primaries, transfer)


def _properties(file: BinaryIO) -> list[tuple[bytes, bytes]]:
    """The boxes within meta/iprp/ipco, in order."""
    file.seek(0, 2)
    meta = _child(file, 0, file.tell(), b"meta")
    shared = _child(file, *_child(file, meta[0] + 4, meta[1], b"iprp"), b"ipco")
    found = []
    position, end = shared
    while position < end:
        kind, start, stop = _box(file, position, end)
        file.seek(start)
        found.append((kind, _exactly(file, min(stop - start, 256))))
        position = stop
    return found


def _child(file: BinaryIO, position: int, end: int, wanted: bytes) -> tuple[int, int]:
    while position < end:
        kind, start, stop = _box(file, position, end)
        if kind == wanted:
            return start, stop
        position = stop
    raise ValueError(f"no {wanted!r} box")


def _box(file: BinaryIO, position: int, end: int) -> tuple[bytes, int, int]:
    """Kind, start and end of the content of the box at `position`."""
    file.seek(position)
    length, kind = struct.unpack(">I4s", _exactly(file, 8))
    start = position + 8
    if length == 1:
        (length,) = struct.unpack(">Q", _exactly(file, 8))
        start += 8
    stop = end if length == 0 else position + length
    if not start <= stop <= end:
        raise ValueError("a box does not fit into its parent")
    return kind, start, stop


def _jp2(prefix: bytes) -> Header:
    start = prefix.index(b"\xff\x4f\xff\x51")
    right, lower, left, upper = struct.unpack_from(">IIII", prefix, start + 8)
    (count,) = struct.unpack_from(">H", prefix, start + 40)
    depth = max((prefix[start + 42 + 3 * i] & 0x7F) + 1 for i in range(count))
    return Header("jp2", depth, False, right - left, lower - upper)


def _pnm(prefix: bytes) -> Header:
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


def _jxl(prefix: bytes) -> Header:
    found = jxl.read_jxl_header(prefix)
    return Header(
        "jxl",
        found.depth,
        found.floating,
        found.width,
        found.height,
        found.primaries,
        found.transfer,
    )


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise EOFError("the header ends early")
    return data
