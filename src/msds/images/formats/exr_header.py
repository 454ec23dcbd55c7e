"""The header of an OpenEXR file, read before its library is: sizes, channels, chunks.

The layout is that of "OpenEXR file layout" in the documentation of OpenEXR.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from msds.images.formats.header import Header, exactly

MAGIC = b"v/1\x01"

_TILED, _LONG_NAMES, _MULTIPART = 0x200, 0x400, 0x1000
_MOST_ATTRIBUTES, _MOST_BYTES = 4096, 1 << 24
# Bytes of a sample: UINT, HALF, FLOAT.
_SAMPLE = (4, 2, 4)
# Rows in a chunk, by the number of the compression, up to the 256 of DWAB; more for those to come.
_ROWS = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256}
_MOST_ROWS = 256


@dataclass(frozen=True)
class ExrPart:
    """One part, which is one image, of an OpenEXR file.

    Attributes
    ----------
    start, end : where its header lies in the file, with the byte that ends it.
    attributes : bytes of each value, by name.
    left, top, right, bottom : the columns and rows that have pixels, ends included.
    channels : bytes of a sample of each channel, by name.
    sparse : names of channels that have fewer samples than the image has pixels.
    """

    start: int
    end: int
    attributes: dict[str, bytes]
    left: int
    top: int
    right: int
    bottom: int
    channels: dict[str, int]
    sparse: frozenset[str]

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top + 1

    @property
    def tiled(self) -> bool:
        """Whether it is stored in tiles."""
        return "tiles" in self.attributes

    @property
    def chunk_bytes(self) -> int:
        """Bytes of the rows that have to be decoded at once."""
        rows = _ROWS.get(self.attributes["compression"][0], _MOST_ROWS)
        columns = self.width
        if self.tiled:
            across, down = struct.unpack_from("<II", self.attributes["tiles"])
            rows, columns = down, -(-columns // max(across, 1)) * across
        return rows * columns * sum(self.channels.values())


def read_exr_header(_: bytes, file: BinaryIO) -> Header:
    """Size of the largest part."""
    parts = read_exr_parts(file)
    largest = max(parts, key=lambda part: part.width * part.height)
    return Header("exr", 32, True, largest.width, largest.height)


def read_exr_parts(file: BinaryIO) -> list[ExrPart]:
    """Headers of all parts; ValueError, KeyError, struct.error or EOFError if they are damaged."""
    file.seek(4)
    (version,) = struct.unpack("<I", exactly(file, 4))
    parts = [_part(file)]
    while version & _MULTIPART:
        if exactly(file, 1) == b"\0":
            break
        file.seek(-1, 1)
        parts.append(_part(file))
    return parts


def write_single_part(file: BinaryIO, parts: list[ExrPart], index: int, target: BinaryIO) -> None:
    """Write one part of a file of several as a file of its own, chunk by chunk as it is."""
    part = parts[index]
    counts = [struct.unpack("<i", p.attributes["chunkCount"])[0] for p in parts]
    file.seek(part.start)
    header = exactly(file, part.end - part.start)
    file.seek(parts[-1].end + 1 + 8 * sum(counts[:index]))
    count = counts[index]
    places = struct.unpack(f"<{count}Q", exactly(file, 8 * count))
    target.write(MAGIC + struct.pack("<I", 2 | _LONG_NAMES | (_TILED if part.tiled else 0)))
    target.write(header)
    table = target.tell()
    target.write(bytes(8 * count))
    fields = 5 if part.tiled else 2  # the last says how many bytes follow
    moved = []
    for place in places:
        file.seek(place + 4)  # behind the number of the part
        leader = exactly(file, 4 * fields)
        (size,) = struct.unpack_from("<i", leader, 4 * (fields - 1))
        if size < 0:
            raise ValueError("a chunk has less than no bytes")
        moved.append(target.tell())
        target.write(leader + exactly(file, size))
    target.seek(table)
    target.write(struct.pack(f"<{count}Q", *moved))


def _part(file: BinaryIO) -> ExrPart:
    start = file.tell()
    attributes: dict[str, bytes] = {}
    while name := _text(file):
        _text(file)  # its kind
        (size,) = struct.unpack("<i", exactly(file, 4))
        if not 0 <= size <= _MOST_BYTES or len(attributes) > _MOST_ATTRIBUTES:
            raise ValueError(f"the attribute {name} has {size} bytes")
        attributes[name] = exactly(file, size)
    left, top, right, bottom = struct.unpack("<iiii", attributes["dataWindow"])
    channels, sparse = _channels(attributes["channels"])
    return ExrPart(start, file.tell(), attributes, left, top, right, bottom, channels, sparse)


def _channels(data: bytes) -> tuple[dict[str, int], frozenset[str]]:
    channels: dict[str, int] = {}
    sparse = []
    position = 0
    while data[position] != 0:
        end = data.index(0, position)
        name = data[position:end].decode()
        kind, _, across, down = struct.unpack_from("<iIii", data, end + 1)
        channels[name] = _SAMPLE[kind]
        if (across, down) != (1, 1):
            sparse.append(name)
        position = end + 17
    return channels, frozenset(sparse)


def _text(file: BinaryIO) -> str:
    text = bytearray()
    while (byte := exactly(file, 1)) != b"\0":
        text += byte
        if len(text) > 255:
            raise ValueError("a name is too long")
    return text.decode()
