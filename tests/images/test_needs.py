"""What decoding is reckoned to take is what it takes, measured on files of every format."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

imagecodecs = pytest.importorskip("imagecodecs")
tifffile = pytest.importorskip("tifffile")
heif = pytest.importorskip("pillow_heif")
openexr = pytest.importorskip("OpenEXR")

MEASURE = """
import gc, json, sys
from pathlib import Path
from msds.images import load_image
from msds.images.limits import MemoryLimitError

def status(key):
    return int(Path("/proc/self/status").read_text().split(key)[1].split()[0]) * 1024

for name in sys.argv[3:]:
    small, large = (Path(folder) / name for folder in sys.argv[1:3])
    load_image(small, transfer="srgb", frame=0)  # what is loaded once, and kept
    try:
        load_image(large, transfer="srgb", frame=0, memory=1)
        needed = 0
    except MemoryLimitError as error:
        needed = error.needed
    gc.collect()
    before = status("VmRSS:")
    Path("/proc/self/clear_refs").write_text("5")
    image = load_image(large, transfer="srgb", frame=0)
    print(json.dumps([name, status("VmHWM:") - before, needed]), flush=True)
    del image
"""


def photo(width: int, height: int) -> PILImage.Image:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    smooth = np.asarray(PILImage.fromarray(coarse).resize((width, height)))
    return PILImage.fromarray(smooth ^ rng.integers(0, 4, smooth.shape, np.uint8))


def saved(kind: str, mode: str = "RGB", **options: object) -> Callable[[PILImage.Image], bytes]:
    def save(picture: PILImage.Image) -> bytes:
        file = io.BytesIO()
        colours = picture.quantize(64) if mode == "P" else picture.convert(mode)
        colours.save(file, kind, **options)
        return file.getvalue()

    return save


def tiff(kind: type = np.uint8, **options: object) -> Callable[[PILImage.Image], bytes]:
    def save(picture: PILImage.Image) -> bytes:
        file = io.BytesIO()
        samples = np.asarray(picture).astype(np.float64) / 255
        scale = 1 if np.issubdtype(kind, np.floating) else np.iinfo(kind).max
        made = (samples * scale).astype(kind)
        tifffile.imwrite(file, made, photometric="rgb", **options)
        return file.getvalue()

    return save


def deep(picture: PILImage.Image) -> np.ndarray:
    return np.asarray(picture).astype(np.uint16) * 257


def light(picture: PILImage.Image) -> np.ndarray:
    return (np.asarray(picture) / 255).astype(np.float32)


def heic(picture: PILImage.Image) -> bytes:
    file = io.BytesIO()
    samples = deep(picture).tobytes()
    heif.from_bytes("RGB;16", picture.size, samples).save(file, quality=80)
    return file.getvalue()


def npy(picture: PILImage.Image) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(picture) / 255)
    return file.getvalue()


def exr(picture: PILImage.Image) -> bytes:
    path = Path(os.environ["PYTEST_EXR"])
    head = {"compression": openexr.PIZ_COMPRESSION, "type": openexr.scanlineimage}
    openexr.File(head, {"RGB": light(picture)}).write(str(path))
    return path.read_bytes()


FORMATS: dict[str, Callable[[PILImage.Image], bytes]] = {
    "plain.jpg": saved("JPEG"),
    "progressive.jpg": saved("JPEG", progressive=True, subsampling=0, quality=95),
    "cmyk.jpg": saved("JPEG", "CMYK", progressive=True, subsampling=0),
    "rgba.png": saved("PNG", "RGBA", compress_level=1),
    "palette.png": saved("PNG", "P"),
    "deep.png": lambda p: bytes(imagecodecs.png_encode(deep(p), level=1)),
    "plain.bmp": saved("BMP"),
    "plain.ppm": saved("PPM"),
    "rle.tga": saved("TGA", compression="tga_rle"),
    "palette.gif": saved("GIF", "P"),
    "lossy.webp": saved("WEBP", method=0),
    "lossless.webp": saved("WEBP", "RGBA", lossless=True, method=0),
    "plain.jp2": saved("JPEG2000"),
    "deep.jp2": lambda p: bytes(imagecodecs.jpeg2k_encode(deep(p), level=0)),
    "full.avif": saved("AVIF", speed=10, subsampling="4:4:4", quality=95),
    "deep.avif": lambda p: bytes(
        imagecodecs.avif_encode(deep(p) >> 6, bitspersample=10, speed=10, level=90)
    ),
    "deep.heic": heic,
    "lossless.jxl": lambda p: bytes(
        imagecodecs.jpegxl_encode(np.asarray(p), lossless=True, effort=3)
    ),
    "lossy.jxl": lambda p: bytes(imagecodecs.jpegxl_encode(deep(p), level=90, effort=3)),
    "strips.tif": saved("TIFF", compression="tiff_adobe_deflate"),
    "one-strip.tif": tiff(compression="zlib", rowsperstrip=1 << 20),
    "deep.tif": tiff(np.uint16, compression="zlib", rowsperstrip=1 << 20, predictor=True),
    "wide.tif": tiff(np.uint32),
    "floats.tif": tiff(np.float32, compression="lzw"),
    "doubles.npy": npy,
    "plain.hdr": lambda p: bytes(imagecodecs.rgbe_encode(light(p))),
    "plain.pfm": lambda p: b"PF\n%d %d\n-1.0\n" % p.size + light(p).astype("<f4").tobytes(),
    "deep.ppm": lambda p: b"P6\n%d %d\n65535\n" % p.size + deep(p).astype(">u2").tobytes(),
    "piz.exr": exr,
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measured by Linux")
def test_no_format_takes_more_than_is_reckoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_EXR", str(tmp_path / "made.exr"))
    folders = [tmp_path / "small", tmp_path / "large"]
    for folder, size in zip(folders, [(96, 64), (1280, 960)], strict=True):
        folder.mkdir()
        picture = photo(*size)
        for name, make in FORMATS.items():
            (folder / name).write_bytes(make(picture))
    # What is freed goes back to the system at once, or the next file would seem to take less.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, folders), *FORMATS],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    found = {name: rest for name, *rest in map(json.loads, result.stdout.splitlines())}
    assert found.keys() == FORMATS.keys()
    for name, (taken, reckoned) in found.items():
        assert taken <= reckoned, f"{name}: {taken / 2**20:.0f} of {reckoned / 2**20:.0f} MiB"
