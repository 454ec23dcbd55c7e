"""The header of AVIF and HEIF files, which share their container (ISO/IEC 14496-12, 23008-12)."""

from __future__ import annotations

import struct
from typing import BinaryIO

from msds.images.formats.header import Header, exactly

_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def read_isobmff_header(prefix: bytes, file: BinaryIO) -> Header:
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
        found.append((kind, exactly(file, min(stop - start, 256))))
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
    length, kind = struct.unpack(">I4s", exactly(file, 8))
    start = position + 8
    if length == 1:
        (length,) = struct.unpack(">Q", exactly(file, 8))
        start += 8
    stop = end if length == 0 else position + length
    if not start <= stop <= end:
        raise ValueError("a box does not fit into its parent")
    return kind, start, stop
