"""Small files that claim, or unpack to, very large images; written byte by byte."""

from __future__ import annotations

import struct
import zlib

_SHORT, _LONG = 3, 4

Tag = tuple[int, int, int, bytes]


def tiff_file(tags: list[Tag], data: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory: (tag, kind, count, value); `data` lies behind it.

    A value of four bytes is written as it is; an offset in it counts from the file's start, and
    `data` begins at 14 + 12 * len(tags).
    """
    directory = b"".join(
        struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")[:4]
        for tag, kind, count, value in tags
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + directory + struct.pack("<I", 0) + data


def number(value: int) -> bytes:
    """A value of a tag, as a LONG."""
    return struct.pack("<I", value)


def grey_tiff(width: int, height: int, before: Tag | None = None) -> bytes:
    """An uncompressed 8-bit TIFF of one strip that claims a size and holds nothing.

    A tag may be given that comes `before` the length.
    """
    return tiff_file(
        [
            (256, _LONG, 1, number(width)),
            *([before] if before else []),
            (257, _LONG, 1, number(height)),
            (258, _SHORT, 1, number(8)),
            (259, _SHORT, 1, number(1)),
            (262, _SHORT, 1, number(1)),
            (273, _LONG, 1, number(8)),
            (277, _SHORT, 1, number(1)),
            (278, _LONG, 1, number(height)),
            (279, _LONG, 1, number(width * height % 2**32)),
        ]
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, pixels: bytes, interlaced: bool) -> bytes:
    """A PNG from its compressed pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def repeated(count: int, value: int = 0, first: bytes = b"") -> bytes:
    """So many equal bytes, after others, as a Deflate stream."""
    packer = zlib.compressobj(9)
    block = bytes([value]) * (1 << 20)
    parts = [packer.compress(first)] + [packer.compress(block) for _ in range(count >> 20)]
    return b"".join(parts) + packer.compress(block[: count & 0xFFFFF]) + packer.flush()


def webp(width: int, height: int) -> bytes:
    """A lossless WebP of one colour (RFC 9649, section 3.7.2: five codes of one symbol each)."""
    bits = width - 1 | (height - 1) << 14
    body = b"\x2f" + struct.pack("<I", bits)
    # No transform, no colour cache, no meta codes; each code: simple, one symbol, of one bit, zero.
    fields = [0, 0, 0] + [1, 0, 0, 0] * 5
    packed = sum(bit << place for place, bit in enumerate(fields))
    body += packed.to_bytes(4, "little")
    body += b"\0" * (len(body) % 2)
    riff = b"WEBPVP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


def gif(width: int, height: int) -> bytes:
    """A GIF that claims a size and holds no pixel."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    image = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0)
    return screen + image + b"\x02\x01\x2c\0;"


def icon(png_file: bytes) -> bytes:
    """An icon of 16 x 16, as its directory says, that holds a PNG."""
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png_file), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + png_file


def exr(width: int, height: int, compression: int = 3, tile: int | None = None) -> bytes:
    """A black OpenEXR file of RGB in half precision, in rows (ZIP) or in tiles."""

    def attribute(name: bytes, kind: bytes, value: bytes) -> bytes:
        return name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value

    window = struct.pack("<iiii", 0, 0, width - 1, height - 1)
    channels = b"".join(c + b"\0" + struct.pack("<iIii", 1, 0, 1, 1) for c in (b"B", b"G", b"R"))
    head = b"v/1\x01" + struct.pack("<I", 2 | (0x200 if tile else 0))
    head += attribute(b"channels", b"chlist", channels + b"\0")
    head += attribute(b"compression", b"compression", bytes([compression]))
    head += attribute(b"dataWindow", b"box2i", window)
    head += attribute(b"displayWindow", b"box2i", window)
    head += attribute(b"lineOrder", b"lineOrder", b"\0")
    head += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1.0))
    head += attribute(b"screenWindowCenter", b"v2f", struct.pack("<ff", 0.0, 0.0))
    head += attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1.0))
    if tile:
        head += attribute(b"tiles", b"tiledesc", struct.pack("<IIB", tile, tile, 0))
    head += b"\0"
    if tile:
        places = [(x, y) for y in range(-(-height // tile)) for x in range(-(-width // tile))]
        leaders = [struct.pack("<iiii", x, y, 0, 0) for x, y in places]
        sizes = [min(tile, width - x * tile) * min(tile, height - y * tile) for x, y in places]
    else:
        leaders = [struct.pack("<i", y) for y in range(0, height, 16)]
        sizes = [min(16, height - y) * width for y in range(0, height, 16)]
    # As differences of bytes, to which 128 is added.
    packed = {size: repeated(6 * size - 1, 128, b"\0") for size in set(sizes)}
    chunks, offsets = bytearray(), []
    start = len(head) + 8 * len(leaders)
    for leader, size in zip(leaders, sizes, strict=True):
        offsets.append(start + len(chunks))
        chunks += leader + struct.pack("<i", len(packed[size])) + packed[size]
    return head + struct.pack(f"<{len(offsets)}Q", *offsets) + bytes(chunks)


def deflate_tiff(width: int, height: int, *, tile: int | None = None, data: bytes) -> bytes:
    """An 8-bit grey TIFF of one strip or tile."""
    shape = (
        [(322, _LONG, 1, number(tile)), (323, _LONG, 1, number(tile))]
        if tile
        else [(278, _LONG, 1, number(height))]
    )
    offsets, counts = (324, 325) if tile else (273, 279)
    count = 8 + len(shape) + 1
    start = 14 + 12 * count
    tags = [
        (256, _LONG, 1, number(width)),
        (257, _LONG, 1, number(height)),
        (258, _SHORT, 1, number(8)),
        (259, _SHORT, 1, number(8)),
        (262, _SHORT, 1, number(1)),
        (277, _SHORT, 1, number(1)),
        (284, _SHORT, 1, number(1)),
        (offsets, _LONG, 1, number(start)),
        (counts, _LONG, 1, number(len(data))),
        *shape,
    ]
    return tiff_file(sorted(tags), data)
