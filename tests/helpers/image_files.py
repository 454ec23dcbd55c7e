"""Deep image files made on the fly; without the libraries, tests that import this are skipped."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from msds import images
from msds.images import load_image

imagecodecs = pytest.importorskip("imagecodecs")
tifffile = pytest.importorskip("tifffile")
pillow_heif = pytest.importorskip("pillow_heif")
openexr = pytest.importorskip("OpenEXR")

RNG = np.random.default_rng(0)
DEEP = RNG.integers(0, 65536, (24, 32, 3), np.uint16)
GREY = np.ascontiguousarray(DEEP[..., 0])


def tiff(samples: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    options.setdefault("photometric", "rgb" if samples.ndim == 3 else "minisblack")
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


def exr(path: Path, channels: dict[str, np.ndarray], **attributes: Any) -> Path:
    header = {"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage, **attributes}
    openexr.File(header, channels).write(str(path))
    return path


def png16(samples: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A 16-bit PNG with more chunks between its header and its pixels."""
    data = imagecodecs.png_encode(samples)
    extra = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return bytes(data[:33] + extra + data[33:])


def pam(samples: np.ndarray) -> bytes:
    height, width, channels = samples.shape
    kind = b"P6" if channels == 3 else b"P5"
    return (
        kind + b"\n# made here\n%d %d\n65535\n" % (width, height) + samples.astype(">u2").tobytes()
    )


def close(image: images.Image, expected: np.ndarray, tolerance: float = 1e-6) -> None:
    found = image.pixels.permute(1, 2, 0).double().numpy()
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=tolerance)


ENCODERS: dict[str, Callable[[np.ndarray], bytes]] = {
    "png": lambda a: bytes(imagecodecs.png_encode(a)),
    "tiff": tiff,
    "tiff-lzw": lambda a: tiff(a, compression="lzw", predictor=True),
    "tiff-big-endian": lambda a: tiff(a, byteorder=">"),
    "tiff-tiles": lambda a: tiff(a, tile=(16, 16), compression="zlib"),
    "tiff-planes": lambda a: tiff(np.moveaxis(a, 2, 0), planarconfig="separate"),
    "bigtiff": lambda a: tiff(a, bigtiff=True),
    "jxl": lambda a: bytes(imagecodecs.jpegxl_encode(a, lossless=True)),
    "jp2": lambda a: bytes(imagecodecs.jpeg2k_encode(a, level=0)),
    "pnm": pam,
}


def load(data: bytes, **options: Any) -> images.Image:
    """JPEG XL files of 16 bits state linear light with this encoder; all are taken as they are."""
    return load_image(data, transfer="srgb", **options)
