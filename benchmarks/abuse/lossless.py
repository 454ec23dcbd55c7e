"""Small lossless files of every kind, and where their checksums reach."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image as PILImage

from msds.errors import require
from msds.images import load_image, open_regions
from msds.images.formats.exr_header import read_exr_parts

Ranges = tuple[tuple[int, int], ...]
Samples = npt.NDArray[Any]

HEIGHT, WIDTH = 40, 48


@dataclass(frozen=True)
class Sample:
    """A whole file.

    Attributes
    ----------
    data : its bytes.
    protected : the ranges of them that checksums protect.
    in_parts : whether it is read in parts.
    pixels : what it shows.
    """

    data: bytes
    protected: Ranges = ()
    in_parts: bool = False
    pixels: torch.Tensor | None = None

    def read(self, data: bytes, folder: Path) -> torch.Tensor:
        """Pixels of a file that is read as this one; InputError if it is refused."""
        if not self.in_parts:
            return load_image(data, transfer="srgb").pixels
        path = folder / "mutant"
        path.write_bytes(data)
        with open_regions(path, transfer="srgb") as regions:
            return regions.read(0, 0, regions.width, regions.height).clone()


def make_samples(seed: int) -> dict[str, Sample]:
    """Files by kind; needs the extra ``formats``."""
    rgb = _photo(np.random.default_rng(seed))
    deep = rgb.astype(np.uint16) * 257 ^ 1
    samples = {**_pngs(rgb, deep), **_tiffs(rgb, deep), **_others(rgb, deep)}
    samples |= {
        f"{kind} in parts": replace(samples[kind], in_parts=True)
        for kind in (
            "PNG",
            "PNG of 16 bits",
            "TIFF, Deflate",
            "TIFF, Deflate, tiles",
            "OpenEXR, ZIP",
        )
    }
    with tempfile.TemporaryDirectory() as folder:
        return {
            kind: replace(sample, pixels=sample.read(sample.data, Path(folder)))
            for kind, sample in samples.items()
        }


def _photo(rng: np.random.Generator) -> Samples:
    """Smooth colours with a little noise: compresses as photographs do."""
    coarse = rng.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    smooth = PILImage.fromarray(coarse).resize((WIDTH, HEIGHT), PILImage.Resampling.BICUBIC)
    return np.asarray(smooth) ^ rng.integers(0, 4, (HEIGHT, WIDTH, 3), np.uint8)


def _saved(picture: PILImage.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _pngs(rgb: Samples, deep: Samples) -> dict[str, Sample]:
    picture = PILImage.fromarray(rgb)
    codecs = require("imagecodecs", "formats")
    made = {
        "PNG": _saved(picture, "PNG"),
        "PNG with alpha": _saved(PILImage.fromarray(np.dstack([rgb, rgb[..., 0]])), "PNG"),
        "PNG of a palette": _saved(picture.quantize(32), "PNG", transparency=3),
        "PNG of 1 bit": _saved(picture.convert("1"), "PNG"),
        "PNG of 16 bits": bytes(codecs.png_encode(deep)),
        "PNG, interlaced": _interlaced(rgb[..., 1]),
    }
    samples = {kind: Sample(data, ((0, len(data)),)) for kind, data in made.items()}
    icon = _saved(picture, "ICO", sizes=[(32, 32)])
    samples["icon of a PNG"] = Sample(icon, ((icon.index(b"\x89PNG"), len(icon)),))
    return samples


def _interlaced(grey: Samples) -> bytes:
    """A grey PNG in seven passes (ISO/IEC 15948, clause 8.2)."""
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))
    parts = [grey[y::down, x::across] for y, x, down, across in (*passes, (1, 0, 2, 1))]
    rows = b"".join(b"\0" + row.tobytes() for part in parts for row in part)

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 1)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _tiffs(rgb: Samples, deep: Samples) -> dict[str, Sample]:
    tifffile = require("tifffile", "formats")

    def tiff(samples: Samples, protected: bool, **options: Any) -> Sample:
        file = io.BytesIO()
        options.setdefault("photometric", "rgb")
        tifffile.imwrite(file, samples, **options)
        data = file.getvalue()
        with tifffile.TiffFile(io.BytesIO(data)) as opened:
            page = opened.pages[0]
            strips = zip(page.dataoffsets, page.databytecounts, strict=True)
            ranges = tuple((start, start + count) for start, count in strips)
        return Sample(data, ranges if protected else ())

    planes = np.moveaxis(deep, 2, 0)
    bits = PILImage.fromarray(rgb[..., 0] > 127)
    return {
        "TIFF, Deflate": tiff(rgb, True, compression="zlib", rowsperstrip=8),
        "TIFF, Deflate, tiles": tiff(rgb, True, compression="zlib", tile=(16, 16), predictor=True),
        "TIFF, Deflate, 16 bits": tiff(deep, True, compression="zlib", rowsperstrip=16),
        "TIFF, Deflate, planes": tiff(planes, True, compression="zlib", planarconfig="separate"),
        "TIFF, Deflate, floats": tiff((rgb / 255).astype(np.float32), True, compression="zlib"),
        "TIFF, LZMA": tiff(rgb, True, compression="lzma", rowsperstrip=8),
        "TIFF, LZW": tiff(rgb, False, compression="lzw", rowsperstrip=8),
        "TIFF, LZW, 16 bits": tiff(deep, False, compression="lzw", predictor=True),
        "TIFF, PackBits": tiff(rgb, False, compression="packbits"),
        "TIFF, Zstandard": tiff(rgb, False, compression="zstd"),
        "TIFF, plain": tiff(rgb, False),
        "TIFF, plain, 16 bits": tiff(deep, False, rowsperstrip=8),
        "TIFF of 1 bit, Deflate": Sample(_saved(bits, "TIFF", compression="tiff_adobe_deflate")),
    }


def _others(rgb: Samples, deep: Samples) -> dict[str, Sample]:
    codecs = require("imagecodecs", "formats")
    picture = PILImage.fromarray(rgb)
    size = b"%d %d" % (WIDTH, HEIGHT)
    light = (rgb / 255).astype("<f4")
    array = io.BytesIO()
    np.save(array, deep)
    made = {
        "GIF": _saved(picture.quantize(64), "GIF"),
        "BMP": _saved(picture, "BMP"),
        "PPM": _saved(picture, "PPM"),
        "PBM": _saved(picture.convert("1"), "PPM"),
        "PPM of 16 bits": b"P6\n" + size + b"\n65535\n" + deep.astype(">u2").tobytes(),
        "PFM": b"PF\n" + size + b"\n-1.0\n" + light.tobytes(),
        "NumPy": array.getvalue(),
        "TGA": _saved(picture, "TGA", compression="tga_rle"),
        "WebP": _saved(picture, "WEBP", lossless=True),
        "JPEG XL": bytes(codecs.jpegxl_encode(rgb, lossless=True)),
        "JPEG XL, 16 bits": bytes(codecs.jpegxl_encode(deep, lossless=True)),
        "JPEG 2000": _saved(picture, "JPEG2000", irreversible=False),
        "JPEG 2000, 16 bits": bytes(codecs.jpeg2k_encode(deep, level=0)),
        "QOI": bytes(codecs.qoi_encode(rgb)),
        "Radiance": bytes(codecs.rgbe_encode(light)),
    }
    smooth = (rgb // 16 / 16).astype(np.float16)  # or it would be stored as it is
    exr = require("OpenEXR", "formats")
    kinds = {"ZIP": exr.ZIP_COMPRESSION, "PIZ": exr.PIZ_COMPRESSION, "plain": exr.NO_COMPRESSION}
    with tempfile.TemporaryDirectory() as folder:
        for name, compression in kinds.items():
            path = Path(folder) / "made.exr"
            head = {"compression": compression, "type": exr.scanlineimage}
            exr.File(head, {"RGB": smooth}).write(str(path))
            made[f"OpenEXR, {name}"] = path.read_bytes()
    samples = {kind: Sample(data) for kind, data in made.items()}
    zipped = made["OpenEXR, ZIP"]
    samples["OpenEXR, ZIP"] = Sample(zipped, _exr_chunks(zipped))
    return samples


def _exr_chunks(data: bytes) -> Ranges:
    """Where the packed rows of an OpenEXR file lie."""
    (part,) = read_exr_parts(io.BytesIO(data))
    count = -(-part.height // 16)
    starts = struct.unpack_from(f"<{count}Q", data, part.end)
    sizes = (struct.unpack_from("<i", data, start + 4)[0] for start in starts)
    return tuple((start + 8, start + 8 + size) for start, size in zip(starts, sizes, strict=True))
