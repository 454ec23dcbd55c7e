"""JPEG XL, through imagecodecs, and its header, which no decoder hands out.

Of the header see ISO/IEC 18181-1, annex D.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from msds.errors import InputError, require
from msds.images.formats.header import Header
from msds.images.formats.samples import arrange, depth_note, straighten
from msds.images.formats.source import EXTRA, SourceFile
from msds.images.image import Decoded

BOX = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
CODESTREAM = b"\xff\x0a"

# Bytes of a pixel while it is decoded: planes, and samples with alpha.
_WORKING = 24
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_ALPHA, _SPOT, _FILTER = 0, 2, 5
_GREY, _XYB = 1, 2
_CUSTOM = 2
# Number in the codestream to number in ITU-T H.273, where they differ.
_PRIMARIES = {1: 1, 9: 9, 11: 12}


def read_jxl_header(prefix: bytes, _: BinaryIO) -> Header:
    """Size, depth and colour."""
    found = read_details(prefix)
    return Header(
        "jxl",
        found.depth,
        found.floating,
        found.width,
        found.height,
        found.primaries,
        found.transfer,
    )


def decode_jxl(file: SourceFile) -> Decoded:
    """Decode a still JPEG XL of any depth."""
    codecs = require("imagecodecs", EXTRA)
    data = file.read()
    found = read_details(data[: 1 << 16])
    if found.animated:
        raise InputError(f"{file.name}: this is an animated JPEG XL; expected a still one.")
    file.check_frame(1)
    pixels = found.width * found.height
    file.check_size(found.width, found.height)
    file.check_memory(pixels, _WORKING * pixels + len(data), 8 * pixels)
    samples = codecs.jpegxl_decode(data, numthreads=1)
    notes = depth_note(file.header)
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
    return arrange(samples, maximum, file.name, header=file.header, notes=notes)


@dataclass(frozen=True)
class Details:
    """Size, depth and colour of a JPEG XL image; code points as in ITU-T H.273."""

    width: int
    height: int
    depth: int = 8
    floating: bool = False
    animated: bool = False
    profile: bool = False
    premultiplied: bool = False
    primaries: int = 1
    transfer: int = 13


def read_details(prefix: bytes) -> Details:
    """Read the header from the first bytes of a file; ValueError or struct.error if damaged."""
    bits = _Bits(_codestream(prefix))
    height, width = _size(bits)
    if bits.flag():
        return Details(width, height)
    animated = False
    if bits.flag():
        bits.take(3)  # orientation, which the decoder applies
        if bits.flag():
            _size(bits)
        if bits.flag():
            raise ValueError("previews are not read")
        animated = bits.flag()
        if animated:
            bits.choose((100, 0), (1000, 0), (1, 10), (1, 30))
            bits.choose((1, 0), (1001, 0), (1, 8), (1, 10))
            bits.choose((0, 0), (0, 3), (0, 16), (0, 32))
            bits.flag()
    depth, floating = _depth(bits)
    bits.flag()
    extra = bits.choose((0, 0), (1, 0), (2, 4), (1, 12))
    premultiplied = [_extra_channel(bits) for _ in range(extra)]
    bits.flag()
    profile, primaries, transfer = _colour(bits)
    return Details(
        width, height, depth, floating, animated, profile, any(premultiplied), primaries, transfer
    )


class _Bits:
    """Fields packed from the least significant bit on."""

    def __init__(self, data: bytes) -> None:
        self._left = 8 * len(data)
        self._value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("the header ends early")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value

    def flag(self) -> bool:
        return bool(self.take(1))

    def choose(self, *ways: tuple[int, int]) -> int:
        """An offset plus so many bits, one of four ways as the next two bits say."""
        offset, count = ways[self.take(2)]
        return offset + self.take(count)

    def enum(self) -> int:
        return self.choose((0, 0), (1, 0), (2, 4), (18, 6))


def _codestream(prefix: bytes) -> bytes:
    start = 0
    if prefix.startswith(BOX):
        position = 0
        while True:
            length, kind = struct.unpack_from(">I4s", prefix, position)
            if kind in (b"jxlc", b"jxlp"):
                start = position + (8 if kind == b"jxlc" else 12)
                break
            if length < 8:
                raise ValueError("no codestream")
            position += length
    if prefix[start : start + 2] != CODESTREAM:
        raise ValueError("no codestream")
    return prefix[start + 2 : start + 4096]


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.flag()

    def side() -> int:
        return 8 * (bits.take(5) + 1) if small else bits.choose((1, 9), (1, 13), (1, 18), (1, 30))

    height = side()
    ratio = bits.take(3)
    if ratio == 0:
        return height, side()
    over, under = _RATIOS[ratio - 1]
    return height, height * over // under


def _depth(bits: _Bits) -> tuple[int, bool]:
    if not bits.flag():
        return bits.choose((8, 0), (10, 0), (12, 0), (1, 6)), False
    depth = bits.choose((32, 0), (16, 0), (24, 0), (1, 6))
    bits.take(4)
    return depth, True


def _extra_channel(bits: _Bits) -> bool:
    """Skip the description of one channel; whether it is premultiplied alpha."""
    if bits.flag():
        return False
    kind = bits.enum()
    _depth(bits)
    bits.choose((0, 0), (3, 0), (4, 0), (1, 3))
    bits.take(8 * bits.choose((0, 0), (0, 4), (16, 5), (48, 10)))
    if kind == _ALPHA:
        return bits.flag()
    if kind == _SPOT:
        bits.take(64)
    if kind == _FILTER:
        bits.choose((1, 0), (0, 2), (3, 4), (19, 8))
    return False


def _colour(bits: _Bits) -> tuple[bool, int, int]:
    """Whether there is an ICC profile; primaries and transfer."""
    if bits.flag():
        return False, 1, 13
    profile = bits.flag()
    space = bits.enum()
    if profile:
        return True, 2, 2
    primaries = 1
    if space != _XYB:
        if bits.enum() == _CUSTOM:
            _custom_point(bits)
        if space != _GREY:
            number = bits.enum()
            primaries = _PRIMARIES.get(number, 2)
            if number == _CUSTOM:
                for _ in range(3):
                    _custom_point(bits)
        if bits.flag():
            bits.take(24)
            return False, primaries, 2
        return False, primaries, bits.enum()
    return False, primaries, 2


def _custom_point(bits: _Bits) -> None:
    for _ in range(2):
        bits.choose((0, 19), (524288, 19), (1048576, 20), (2097152, 21))
