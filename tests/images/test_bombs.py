"""Small files that would take very much memory are read in parts or refused, by their headers."""

from __future__ import annotations

import io
import json
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

from helpers import bombs
from msds.errors import InputError
from msds.images import load_image, open_regions
from msds.models import load_model
from msds.pairs import Pair
from msds.scoring import Options, score_pairs

imagecodecs = pytest.importorskip("imagecodecs")
pytest.importorskip("OpenEXR")
pytest.importorskip("pyvips")
pytest.importorskip("tifffile")

BUDGET = 64
"""MiB, what --memory says."""

SCORE_ALL = """
import json, sys
from pathlib import Path
from msds.models import load_model
from msds.pairs import Pair
from msds.scoring import Options, Reading, score_pairs

paths = sorted(Path(sys.argv[1]).iterdir())
pairs = [Pair(p.name, p.name, p, p) for p in paths]
reading = Reading(transfer="srgb", max_pixels=2**40 if "raised" in sys.argv else 2**28)
options = Options(memory=int(sys.argv[2]) * 2**20, threads=2)
for row, score in score_pairs(load_model("msds-compact"), pairs, reading=reading, options=options):
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    print(json.dumps([paths[row].name, score.score, score.error, peak]), flush=True)
"""


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

REFUSED: dict[str, Callable[[], bytes]] = {
    "flat.webp": lambda: bombs.webp(16383, 16383),
    "flat.gif": lambda: bombs.gif(16383, 16383),
    "icon.ico": lambda: bombs.icon(bombs.png(SIDE, SIDE, 8, 0, bombs.repeated(1 << 20), False)),
    "interlaced.png": lambda: bombs.png(SIDE, SIDE, 8, 2, bombs.repeated(1 << 20), True),
    "flat.jxl": lambda: bytes(
        imagecodecs.jpegxl_encode(np.zeros((8000, 8000), np.uint8), effort=1, lossless=True)
    ),
    "strip.tif": lambda: bombs.deflate_tiff(SIDE, SIDE, data=bombs.repeated(1 << 20)),
    "tile.tif": lambda: bombs.deflate_tiff(16000, 64, tile=16000, data=bombs.repeated(1 << 20)),
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
        SIDE, SIDE, bytes(imagecodecs.jpeg2k_encode(np.zeros((64, 64, 3), np.uint16), level=0))
    ),
    "claims.bmp": lambda: resized(encoded("BMP"), 18, "<ii", SIDE, SIDE),
    "claims.tga": lambda: resized(encoded("TGA"), 12, "<HH", SIDE, SIDE),
    "wide.png": lambda: bombs.png(10**6, 64, 1, 0, bombs.repeated(125001 * 64), False),
    "tile.exr": lambda: bombs.exr(5000, 5000, tile=5000),
}
TOO_MANY_PIXELS: dict[str, Callable[[], bytes]] = {
    "bits.png": lambda: bombs.png(60000, 60000, 1, 0, bombs.repeated(1 << 20), False),
    "row.tif": lambda: bombs.grey_tiff(2147483647, 144),
    "tile.tif": lambda: bombs.deflate_tiff(64, 64, tile=40000, data=bombs.repeated(1 << 20)),
    "claims.exr": lambda: bombs.exr(16, 16).replace(
        struct.pack("<iiii", 0, 0, 15, 15), struct.pack("<iiii", 0, 0, 99999, 99999)
    ),
}
SCORED: dict[str, Callable[[], bytes]] = {
    "rows.exr": lambda: bombs.exr(2200, 2200),
    "grey.png": lambda: bombs.png(3000, 2400, 8, 0, bombs.repeated(3001 * 2400), False),
    "bits.png": lambda: bombs.png(3000, 2400, 1, 0, bombs.repeated(376 * 2400), False),
}


def score_all(folder: Path, files: dict[str, Callable[[], bytes]]) -> dict[str, tuple]:  # type: ignore[type-arg]
    """Name to score, error and the peak of memory so far in MiB."""
    for name, make in files.items():
        (folder / name).write_bytes(make())
    result = subprocess.run(
        [sys.executable, "-c", SCORE_ALL, str(folder), str(BUDGET)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(name for name, *_ in found) == sorted(files)
    return {name: tuple(rest) for name, *rest in found}


@pytest.mark.slow
def test_what_decoding_needs_is_told_by_the_header_of_every_format(tmp_path: Path) -> None:
    for name, (score, error, peak) in score_all(tmp_path, REFUSED).items():
        assert score is None, name
        assert "MiB of memory; 48 MiB are allowed (--memory " in error, error
        assert peak < BUDGET + 400, (name, peak)


@pytest.mark.slow
def test_files_that_unpack_to_more_than_the_memory_are_scored_within_it(tmp_path: Path) -> None:
    for name, (score, error, peak) in score_all(tmp_path, SCORED).items():
        assert score == 1.0, error
        assert peak < BUDGET + 400, (name, peak)


@pytest.mark.parametrize("name", TOO_MANY_PIXELS)
def test_few_bytes_that_claim_very_many_pixels_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(TOO_MANY_PIXELS[name]())
    for read in (load_image, open_regions):
        with pytest.raises(InputError, match=rf"{name}: .* pixels; at most 268435456 are read"):
            read(path, transfer="srgb")


@pytest.mark.slow
def test_with_the_amount_of_memory_that_is_named_a_file_is_scored(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded("JPEG", (3000, 3000)))
    metric, pair = load_model("msds-compact"), Pair("a", "b", path, path)
    ((_, refused),) = score_pairs(metric, [pair], options=Options(memory=BUDGET * 2**20))
    told = re.search(r"--memory (\d+)M would do", str(refused.error))
    assert told is not None
    ((_, scored),) = score_pairs(metric, [pair], options=Options(memory=int(told[1]) * 2**20))
    assert scored.score == 1.0
    less = Options(memory=(int(told[1]) - 2) * 2**20)
    ((_, still),) = score_pairs(metric, [pair], options=less)
    assert str(still.error) == str(refused.error).replace(
        "48 MiB are", f"{(int(told[1]) - 2) * 3 // 4} MiB are"
    )
