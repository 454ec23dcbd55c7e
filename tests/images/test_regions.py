"""Reading files in parts gives the pixels of reading them whole."""

from __future__ import annotations

import importlib
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from benchmarks.abuse import bomb_files
from helpers import icc
from msds.errors import InputError
from msds.images import load_image, open_regions

imagecodecs = pytest.importorskip("imagecodecs")
tifffile = pytest.importorskip("tifffile")
pytest.importorskip("pyvips")

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 70, 93
RGB = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
RGBA = RNG.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
DEEP = RNG.integers(0, 65536, (HEIGHT, WIDTH, 3), np.uint16)
INKS = RNG.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
PROFILE = icc.matrix_profile(icc.DISPLAY_P3, 2.2)


def tiff(samples: np.ndarray, **options: Any) -> Any:
    options.setdefault("photometric", "rgb" if samples.ndim == 3 else "minisblack")
    return lambda path: tifffile.imwrite(path, samples, **options)


def png(samples: np.ndarray, **options: Any) -> Any:
    if samples.dtype == np.uint16:
        return lambda path: path.write_bytes(imagecodecs.png_encode(np.ascontiguousarray(samples)))
    return lambda path: PILImage.fromarray(samples).save(path, "PNG", **options)


def palette(path: Path) -> None:
    PILImage.fromarray(RGB).quantize(16).save(path, "PNG")


def turned(orientation: int) -> dict[str, Any]:
    exif = PILImage.new("L", (1, 1)).getexif()
    exif[0x0112] = orientation
    return {"exif": exif}


STREAMED: dict[str, Any] = {
    "tiff": tiff(RGB),
    "tiff-flat-planes": tiff(np.moveaxis(DEEP, 2, 0), planarconfig="separate"),
    "tiff-flat-big-endian": tiff(DEEP, byteorder=">"),
    "tiff-pillow": lambda path: PILImage.fromarray(RGB).save(path, "TIFF"),
    "tiff-pillow-lzw": lambda path: PILImage.fromarray(RGB).save(
        path, "TIFF", compression="tiff_lzw"
    ),
    "tiff-strips": tiff(RGB, rowsperstrip=7, compression="zlib"),
    "tiff-tiles": tiff(DEEP, tile=(16, 32), compression="lzw", predictor=True),
    "tiff-planes": tiff(np.moveaxis(RGB, 2, 0), planarconfig="separate", rowsperstrip=9),
    "tiff-plane-tiles": tiff(np.moveaxis(DEEP, 2, 0), planarconfig="separate", tile=(32, 16)),
    "tiff-big-endian": tiff(DEEP, byteorder=">", rowsperstrip=11),
    "tiff-grey": tiff(np.ascontiguousarray(DEEP[..., 0]), rowsperstrip=5),
    "tiff-white-is-zero": tiff(np.ascontiguousarray(RGB[..., 0]), photometric="miniswhite"),
    "tiff-cmyk": tiff(INKS, photometric="separated", rowsperstrip=5),
    "tiff-alpha": tiff(RGBA, extrasamples=["unassalpha"], rowsperstrip=5),
    "tiff-profile": tiff(RGB, iccprofile=PROFILE, rowsperstrip=5),
    **{
        f"tiff-turned-{i}": tiff(RGB, rowsperstrip=5, extratags=[(274, "H", 1, i, True)])
        for i in range(1, 9)
    },
    "png": png(RGB),
    "png-16": png(DEEP),
    "png-grey": png(RGB[..., 0]),
    "png-grey-16": png(DEEP[..., 0]),
    "png-alpha": png(RGBA),
    "png-grey-alpha": png(np.ascontiguousarray(RGBA[..., :2])),
    "png-palette": palette,
    "png-one-bit": png(RGB[..., 0] > 127),
    "png-profile": png(RGB, icc_profile=PROFILE),
    "png-profile-empty": png(RGB, icc_profile=icc.empty_profile(b"RGB ")),
    **{f"png-turned-{i}": png(RGB, **turned(i)) for i in range(1, 9)},
}


@pytest.mark.parametrize("kind", STREAMED)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_part_is_that_part_of_the_whole(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"{kind}.img"
    if not path.exists():
        STREAMED[kind](path)
    whole = load_image(path, background="black")
    with open_regions(path, background="black") as regions:
        assert not regions.in_memory
        assert (regions.width, regions.height) == (whole.width, whole.height)
        for _ in range(3):
            x0 = data.draw(st.integers(0, whole.width - 1))
            y0 = data.draw(st.integers(0, whole.height - 1))
            x1 = data.draw(st.integers(x0 + 1, whole.width))
            y1 = data.draw(st.integers(y0 + 1, whole.height))
            part = regions.read(x0, y0, x1, y1)
            assert torch.equal(part, whole.pixels[:, y0:y1, x0:x1])


@pytest.mark.parametrize("kind", STREAMED)
def test_notes_are_those_of_the_whole(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a b [1].img"
    STREAMED[kind](path)
    with open_regions(path) as regions:
        regions.read(0, 0, regions.width, regions.height)
        expected = [n for n in load_image(path).notes if n != "palette expanded"]
        assert list(regions.notes) == [n for n in expected if not n.startswith("1-bit samples")]


def test_a_png_that_took_the_place_of_an_interlaced_one_is_read_itself(tmp_path: Path) -> None:
    vips, path = importlib.import_module("pyvips"), tmp_path / "a.png"
    for samples, interlaced in ((RGB, True), (RGB[::-1], True), (RGB[:, ::-1], False)):
        picture = vips.Image.new_from_array(np.ascontiguousarray(samples), interpretation="srgb")
        picture.pngsave(str(path), interlace=interlaced)
        with open_regions(path) as regions:
            found = regions.read(0, 0, WIDTH, HEIGHT).clone()
        assert torch.equal(found, torch.from_numpy(samples / np.float32(255)).permute(2, 0, 1))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_files_whose_names_are_not_utf8_are_read_in_parts(kind: str, tmp_path: Path) -> None:
    STREAMED[kind](tmp_path / "plain")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    (tmp_path / "plain").rename(path)
    with open_regions(path) as regions:
        assert not regions.in_memory
        assert torch.equal(regions.read(1, 2, 9, 7), load_image(path).pixels[:, 2:7, 1:9])


def test_a_png_that_the_disk_has_no_room_for_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.png"
    PILImage.new("RGB", (1024, 1024)).save(path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2 << 20))
    with open_regions(path) as regions:  # small enough to stay in memory
        assert not regions.in_memory
    monkeypatch.setattr("msds.images.formats.png_parts._IN_MEMORY_BYTES", 1 << 20)
    with pytest.raises(InputError, match=r"large\.png: .* 3 MiB in .*, where 2 MiB are free"):
        open_regions(path)


def test_other_formats_are_decoded_whole(tmp_path: Path) -> None:
    jpeg = tmp_path / "photo.jpg"
    PILImage.fromarray(RGB).save(jpeg)
    compressed = tmp_path / "photo.tif"
    tifffile.imwrite(compressed, RGB, photometric="rgb", compression="jpeg")
    for path in (jpeg, compressed):
        with open_regions(path) as regions:
            assert regions.in_memory
            part = regions.read(3, 5, 50, 60)
            assert torch.equal(part, load_image(path).pixels[:, 5:60, 3:50])
        with pytest.raises(InputError, match="at most 100 are read"):
            open_regions(path, max_pixels=100)


def test_without_the_libraries_files_are_decoded_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "photo.png"
    PILImage.fromarray(RGB).save(path)
    real = importlib.import_module

    def without(name: str, *rest: Any) -> Any:
        if name in ("pyvips", "tifffile"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with open_regions(path) as regions:
        assert regions.in_memory


@pytest.mark.parametrize("kind", ["tiff", "tiff-tiles", "png", "png-16"])
def test_the_limit_holds_for_files_read_in_parts(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"{kind}.img"
    STREAMED[kind](path)
    with pytest.raises(InputError, match=r"93 x 70, 6510 pixels; at most 6509 are read"):
        open_regions(path, max_pixels=6509)
    with open_regions(path, max_pixels=6510) as regions:
        assert not regions.in_memory


def test_a_tiff_of_122_bytes_that_claims_309_thousand_million_pixels_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "claims.tif"
    path.write_bytes(bomb_files.grey_tiff(2147483647, 144))
    with pytest.raises(InputError, match="2147483647 x 144, 309237645168 pixels; at most"):
        open_regions(path)


def test_a_tiff_that_states_its_length_twice_once_as_a_fraction_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.tif"
    length = (257, 11, 1, struct.pack("<f", 144.0))
    path.write_bytes(bomb_files.grey_tiff(7, 144, before=length))
    with pytest.raises(InputError, match=r"twice\.tif: the image data are truncated or damaged"):
        open_regions(path)


def test_parts_outside_the_image_and_empty_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    PILImage.fromarray(RGB).save(path)
    with open_regions(path) as regions:
        for box in ((0, 0, 94, 10), (0, 0, 10, 71), (-1, 0, 10, 10), (5, 5, 5, 9), (5, 9, 9, 5)):
            with pytest.raises(InputError, match=r"were asked for; the image is 93 x 70"):
                regions.read(*box)


def test_floating_tiff_is_shown_by_its_transfer(tmp_path: Path) -> None:
    path = tmp_path / "light.tif"
    tifffile.imwrite(path, DEEP.astype(np.float32) / 16384, photometric="rgb", rowsperstrip=8)
    with pytest.raises(InputError, match="say how they are meant"):
        open_regions(path)
    whole = load_image(path, transfer="linear:4").pixels
    with open_regions(path, transfer="linear:4") as regions:
        assert torch.equal(regions.read(7, 9, 33, 40), whole[:, 9:40, 7:33])


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_truncated_files_are_refused_when_the_missing_part_is_read(
    tmp_path: Path, suffix: str
) -> None:
    whole, path = tmp_path / f"whole.{suffix}", tmp_path / f"short.{suffix}"
    PILImage.fromarray(RGB).save(whole)
    if suffix == "tif":
        tifffile.imwrite(whole, RGB, photometric="rgb", rowsperstrip=4, compression="zlib")
    data = whole.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with (
        pytest.raises(InputError, match=r"short\.(png|tif): .*(truncated|damaged)"),
        open_regions(path) as regions,
    ):
        regions.read(0, 0, regions.width, regions.height)


def test_pages_are_chosen_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(RGB, photometric="rgb")
        writer.write(RGB[::-1], photometric="rgb")
    with pytest.raises(InputError, match="has 2 frames; name one"):
        open_regions(path)
    with open_regions(path, frame=1) as regions:
        part = regions.read(0, 0, 9, 1)
    assert torch.equal(part, load_image(path, frame=1).pixels[:, :1, :9])


READ_IN_TILES = """
import resource, sys
from msds.images import open_regions
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open_regions(sys.argv[1]) as regions:
    for y in range(0, regions.height, 1024):
        for x in range(0, regions.width, 1024):
            regions.read(x, y, min(x + 1024, regions.width), min(y + 1024, regions.height))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_memory_stays_bounded_for_large_files(tmp_path: Path, suffix: str) -> None:
    side = 12288
    path = tmp_path / f"large.{suffix}"
    rows = np.broadcast_to(np.arange(side, dtype=np.uint8)[None, :, None], (side, side, 3))
    if suffix == "tif":
        tifffile.imwrite(path, np.ascontiguousarray(rows), photometric="rgb", rowsperstrip=64,
                         compression="zlib")  # fmt: skip
    else:
        PILImage.fromarray(np.ascontiguousarray(rows)).save(path, compress_level=1)
    result = subprocess.run(
        [sys.executable, "-c", READ_IN_TILES, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    # Decoded it takes 453 MB as bytes, and 1.8 GB as floats.
    assert int(result.stdout) < 400_000, f"{result.stdout} kB beyond the libraries"
