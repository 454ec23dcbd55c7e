"""What Pillow will need to decode a file, reckoned from its header before it starts.

The bytes for each pixel are measured; a test measures them again.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import PIL.Image
import PIL.ImageMode

from msds.images.formats.header import Header
from msds.images.formats.jp2 import CODESTREAM, read_jp2_header
from msds.images.formats.jpeg import MAGIC, read_jpeg_header
from msds.images.formats.png_chunks import SIGNATURE, read_png_header
from msds.images.formats.source import SourceFile

# Bytes in which Pillow keeps a pixel of these modes; of all others four.
_STORED = {"1": 1, "L": 1, "P": 1}
# Bytes that decoders take besides: for each pixel, and for each sample of it.
_PIXEL = {"WEBP": 12, "AVIF": 8, "GIF": 2}
_SAMPLE = {"JPEG2000": 5}
_PROGRESSIVE_SAMPLE = 3  # coefficients of the whole image
_ANIMATED_PIXEL = 12  # the frame before, and what the next is drawn on
# Of a strip or tile of a TIFF: packed, unpacked, and unpacked once more to see whether it is whole.
_SEGMENTS = 3
_ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH = 278, 322, 323

# First bytes of formats that may hold a file of another one, whose size is not theirs: Windows' and
# Apple's icons, and Blizzard's textures.
_NESTING = (b"\0\0\1\0", b"icns", b"BLP")
_NESTED = ((SIGNATURE, read_png_header), (MAGIC, read_jpeg_header), (CODESTREAM, read_jp2_header))
_PREFIX = 1 << 16


def check_before_opening(file: SourceFile) -> None:
    """Refuse what Pillow decodes or makes room for as soon as it opens it, if that is too much."""
    pixels = file.header.width * file.header.height
    if file.header.container == "webp":
        file.check_memory(pixels, (8 + _PIXEL["WEBP"]) * pixels, 4 * pixels)
    with file.open() as opened:
        nesting = opened.read(4).startswith(_NESTING)
    if nesting:
        for width, height in _sizes_within(file.read()):
            file.check_size(width, height)
            file.check_memory(width * height, 12 * width * height, 4 * width * height)


def _sizes_within(data: bytes) -> Iterator[tuple[int, int]]:
    """Sizes of all files that seem to be within another one."""
    for magic, read in _NESTED:
        start = data.find(magic)
        while start >= 0:
            nested = data[start : start + _PREFIX]
            try:
                header = read(nested, io.BytesIO(nested))
            except Exception:  # it only looked like one
                header = Header("other")
            if header.width and header.height:
                yield header.width, header.height
            start = data.find(magic, start + 1)


def check_need(picture: PIL.Image.Image, mode: str, file: SourceFile) -> None:
    """Refuse a picture that is opened if it is too large, or decoding it takes too much memory.

    Parameters
    ----------
    mode : that its samples will have.
    """
    file.check_size(picture.width, picture.height)
    pixels = picture.width * picture.height
    channels = len(PIL.ImageMode.getmode(mode).bands)
    kind = picture.format or ""
    stored = _STORED.get(picture.mode, 4) + (0 if mode == picture.mode else _STORED.get(mode, 4))
    working = _PIXEL.get(kind, 0) + _SAMPLE.get(kind, 0) * channels
    if "progressive" in picture.info:
        working += _PROGRESSIVE_SAMPLE * channels
    if int(getattr(picture, "n_frames", 1)) > 1:
        working += _ANIMATED_PIXEL
    held = pixels * channels
    taken = held + pixels * (stored + working) + _SEGMENTS * _segment(picture, file) * channels
    file.check_memory(pixels, taken, held)


def _segment(picture: PIL.Image.Image, file: SourceFile) -> int:
    """Pixels of a strip or tile of a TIFF, which may be many more than the image has."""
    if picture.format != "TIFF":
        return 0
    tags = getattr(picture, "tag_v2", {})
    strip = min(int(tags.get(_ROWS_PER_STRIP, picture.height)), picture.height)
    width, rows = int(tags.get(_TILE_WIDTH, picture.width)), int(tags.get(_TILE_LENGTH, strip))
    file.check_size(width, rows)
    return width * rows
