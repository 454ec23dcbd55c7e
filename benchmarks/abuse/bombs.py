"""Bombs: small files of very many pixels are scored in little memory, or refused."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PILImage

from benchmarks.abuse import bomb_files
from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.saying import is_sentence
from msds.errors import require

Files = dict[str, Callable[[], bytes]]

TITLE = "Bombs, with --memory 64M: at most 64 MiB + 400 MB"
MEMORY, ALLOWED = "64M", (64 << 20) + 400 * 10**6
SECONDS = 120
"""That no bomb may take: what waits for ever is ended then, and failed."""


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """A file of each kind, scored against itself by a process of its own."""
    for more, options in (("", ()), (", any number of pixels", ("--max-pixels", str(1 << 40)))):
        for kind, files in (
            ("pixels that need more", REFUSED),
            ("more pixels than are read", TOO_MANY_PIXELS),
            ("pixels that are read in parts", SCORED),
        ):
            some = dict(list(files.items())[:: max(1, round(1 / scale))])
            bad = ("over memory", "raised", "hung")
            yield Trial(f"{kind}{more}", partial(_outcomes, some, options), bad)


def _outcomes(files: Files, options: tuple[str, ...]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name, make in files.items():
            path = Path(folder) / name
            path.write_bytes(make())
            yield _score(path, options)


def _score(path: Path, options: tuple[str, ...]) -> str:
    told = path.with_suffix(".peak")
    options = ("--memory", MEMORY, "--transfer", "srgb", *options)
    call = [sys.executable, "-m", "benchmarks.abuse.peak", str(told), "score", str(path), str(path)]
    try:
        ended = subprocess.run([*call, *options], capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "hung"
    if int(told.read_text()) > ALLOWED:
        return "over memory"
    if ended.returncode:
        return "refused" if is_sentence(ended.stderr, path.name) else "raised"
    return "scored"


def _codecs() -> Any:
    return require("imagecodecs", "formats")


def encoded(kind: str, size: tuple[int, int] = (64, 64), **options: object) -> bytes:
    file = io.BytesIO()
    PILImage.new("RGB", size).save(file, kind, **options)
    return file.getvalue()


def resized(data: bytes, place: int, layout: str, *sides: int) -> bytes:
    """A file whose header claims other sides than it has."""
    changed = bytearray(data)
    struct.pack_into(layout, changed, place, *sides)
    return bytes(changed)


def jpeg(width: int, height: int, **options: object) -> bytes:
    data = encoded("JPEG", **options)
    marker = b"\xff\xc2" if options else b"\xff\xc0"
    return resized(data, data.index(marker) + 5, ">HH", height, width)


def npy(width: int, height: int) -> bytes:
    file = io.BytesIO()
    head = {"descr": "|u1", "fortran_order": False, "shape": (height, width, 3)}
    np.lib.format.write_array_header_1_0(file, head)
    return file.getvalue()


def avif(width: int, height: int) -> bytes:
    data = encoded("AVIF")
    return resized(data, data.index(b"ispe") + 8, ">II", width, height)


def jp2(width: int, height: int, data: bytes) -> bytes:
    data = resized(data, data.index(b"ihdr") + 4, ">II", height, width)
    place = data.index(b"\xff\x4f\xff\x51") + 8
    data = resized(data, place, ">II", width, height)
    return resized(data, place + 16, ">II", width, height)


SIDE = 12000

REFUSED: Files = {
    "flat.webp": lambda: bomb_files.webp(16383, 16383),
    "flat.gif": lambda: bomb_files.gif(16383, 16383),
    "icon.ico": lambda: bomb_files.icon(
        bomb_files.png(SIDE, SIDE, 8, 0, bomb_files.repeated(1 << 20), False)
    ),
    "interlaced.png": lambda: bomb_files.png(SIDE, SIDE, 8, 2, bomb_files.repeated(1 << 20), True),
    "flat.jxl": lambda: bytes(
        _codecs().jpegxl_encode(np.zeros((8000, 8000), np.uint8), effort=1, lossless=True)
    ),
    "strip.tif": lambda: bomb_files.deflate_tiff(SIDE, SIDE, data=bomb_files.repeated(1 << 20)),
    "tile.tif": lambda: bomb_files.deflate_tiff(
        16000, 64, tile=16000, data=bomb_files.repeated(1 << 20)
    ),
    "claims.hdr": lambda: b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 12000 +X 12000\n" + bytes(99),
    "claims.jpg": lambda: jpeg(SIDE, SIDE),
    "progressive.jpg": lambda: jpeg(SIDE, SIDE, progressive=True),
    "claims.npy": lambda: npy(SIDE, SIDE),
    "claims.pfm": lambda: b"PF\n12000 12000\n-1.0\n" + bytes(99),
    "claims.ppm": lambda: b"P6\n12000 12000\n255\n" + bytes(99),
    "deep.ppm": lambda: b"P6\n12000 12000\n65535\n" + bytes(99),
    "claims.avif": lambda: avif(SIDE, SIDE),
    "claims.jp2": lambda: jp2(SIDE, SIDE, encoded("JPEG2000")),
    "deep.jp2": lambda: jp2(
        SIDE, SIDE, bytes(_codecs().jpeg2k_encode(np.zeros((64, 64, 3), np.uint16), level=0))
    ),
    "claims.bmp": lambda: resized(encoded("BMP"), 18, "<ii", SIDE, SIDE),
    "claims.tga": lambda: resized(encoded("TGA"), 12, "<HH", SIDE, SIDE),
    "wide.png": lambda: bomb_files.png(10**6, 64, 1, 0, bomb_files.repeated(125001 * 64), False),
    "tile.exr": lambda: bomb_files.exr(5000, 5000, tile=5000),
}
TOO_MANY_PIXELS: Files = {
    "bits.png": lambda: bomb_files.png(60000, 60000, 1, 0, bomb_files.repeated(1 << 20), False),
    "row.tif": lambda: bomb_files.grey_tiff(2147483647, 144),
    "tile.tif": lambda: bomb_files.deflate_tiff(
        64, 64, tile=40000, data=bomb_files.repeated(1 << 20)
    ),
    "claims.exr": lambda: bomb_files.exr(16, 16).replace(
        struct.pack("<iiii", 0, 0, 15, 15), struct.pack("<iiii", 0, 0, 99999, 99999)
    ),
}
SCORED: Files = {
    "rows.exr": lambda: bomb_files.exr(2200, 2200),
    "grey.png": lambda: bomb_files.png(3000, 2400, 8, 0, bomb_files.repeated(3001 * 2400), False),
    "bits.png": lambda: bomb_files.png(3000, 2400, 1, 0, bomb_files.repeated(376 * 2400), False),
}
