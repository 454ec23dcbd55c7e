"""Files of more than 8 bits per sample, and formats Pillow lacks."""

from __future__ import annotations

import importlib
import io
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import icc
from helpers.image_files import (
    DEEP,
    ENCODERS,
    GREY,
    RNG,
    close,
    exr,
    imagecodecs,
    load,
    pillow_heif,
    png16,
    tiff,
    tifffile,
)
from msds.errors import InputError, MissingExtraError, MSDSError
from msds.images import load_image


@pytest.mark.parametrize("kind", ENCODERS)
def test_16_bit_files_are_read_at_their_depth(kind: str) -> None:
    image = load(ENCODERS[kind](DEEP))
    close(image, DEEP / 65535)
    assert image.notes == ("16 bits per sample",)


@pytest.mark.parametrize("kind", ENCODERS)
def test_difference_in_the_low_8_bits_alone_changes_the_pixels(kind: str) -> None:
    low = DEEP ^ 1
    assert np.array_equal(low >> 8, DEEP >> 8)
    one, other = load(ENCODERS[kind](DEEP)).pixels, load(ENCODERS[kind](low)).pixels
    assert bool((one != other).all())


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_16_bit_grey_and_alpha_are_read(kind: str) -> None:
    grey = load(ENCODERS[kind](GREY))
    close(grey, GREY[..., None] / 65535)
    rgba = RNG.integers(0, 65536, (8, 9, 4), np.uint16)
    data = tiff(rgba, extrasamples=["unassalpha"]) if kind == "tiff" else ENCODERS[kind](rgba)
    image = load(data, background="black")
    close(image, rgba[..., :3] / 65535 * (rgba[..., 3:] / 65535))
    assert image.notes[-1] == "transparency composited on black"


def test_16_bit_transparent_colour_of_a_png_shows_the_background() -> None:
    samples = np.array([[[1, 2, 3], [1, 2, 4]]], np.uint16)
    data = png16(samples, (b"tRNS", struct.pack(">HHH", 1, 2, 3)))
    image = load_image(data, background="white")
    assert image.pixels[:, 0, 0].tolist() == [1, 1, 1]
    close(image, np.array([[[1, 1, 1], np.array([1, 2, 4]) / 65535]]))


colours_of_avif = pytest.mark.skipif(
    sys.version_info < (3, 11),
    reason="imagecodecs for Python 3.10 cannot state the colours of an AVIF that it writes",
)


@colours_of_avif
@pytest.mark.parametrize("bits", [10, 12])
def test_avif_of_10_and_12_bits_is_read_at_its_depth(bits: int) -> None:
    samples = np.repeat(np.repeat(DEEP[:6, :8] >> (16 - bits), 4, axis=0), 4, axis=1)
    data = imagecodecs.avif_encode(
        samples,
        level=100,
        bitspersample=bits,
        pixelformat="444",
        matrix=0,
        primaries=1,
        transfer=13,
    )
    image = load_image(bytes(data))
    close(image, samples / (2**bits - 1))
    assert image.notes == (f"{bits} bits per sample",)


def test_heic_of_10_bits_is_read_finer_than_8(tmp_path: Path) -> None:
    ramp = np.repeat(np.arange(512, 576, dtype=np.uint16)[None, :] << 6, 64, axis=0)
    samples = np.repeat(ramp[..., None], 3, axis=2)
    heif = pillow_heif.from_bytes("RGB;16", (64, 64), samples.tobytes())
    path = tmp_path / "photo.heic"
    heif.save(path, quality=-1, chroma=444)
    image = load_image(path)
    close(image, samples / (1023 << 6), tolerance=3e-3)
    assert len(image.pixels[1].unique()) > 40
    assert "10 bits per sample" in image.notes


def test_heic_of_8_bits_is_read() -> None:
    heif = pillow_heif.from_bytes("RGB", (32, 32), bytes([200, 100, 50]) * 1024)
    file = io.BytesIO()
    heif.save(file, quality=-1, chroma=444)
    close(load_image(file.getvalue()), np.array([200, 100, 50]) / 255, tolerance=0.01)


def test_8_bit_jpeg_xl_is_read() -> None:
    samples = (DEEP >> 8).astype(np.uint8)
    image = load_image(bytes(imagecodecs.jpegxl_encode(samples, lossless=True)))
    close(image, samples / 255)
    assert image.notes == ()


@pytest.mark.parametrize("bits", [10, 12])
def test_jpeg_xl_of_10_and_12_bits_is_scaled_by_its_depth(bits: int) -> None:
    samples = DEEP >> (16 - bits)
    data = bytes(imagecodecs.jpegxl_encode(samples, lossless=True, bitspersample=bits))
    close(load(data), samples / (2**bits - 1))


def test_tiff_of_white_is_zero_cmyk_and_32_bits_are_read() -> None:
    close(load(tiff(GREY, photometric="miniswhite")), 1 - GREY[..., None] / 65535)
    inks = RNG.integers(0, 65536, (8, 9, 4), np.uint16)
    ink = inks / 65535
    image = load(tiff(inks, photometric="separated"))
    close(image, (1 - ink[..., :3]) * (1 - ink[..., 3:]))
    wide = RNG.integers(0, 2**32, (8, 9, 3), np.uint32)
    image = load(tiff(wide))
    close(image, wide / (2**32 - 1))
    assert image.notes == ("32 bits per sample, rounded to 24",)


def test_tiff_with_premultiplied_alpha_is_straightened() -> None:
    rgba = np.array([[[100, 200, 300, 1000], [0, 0, 0, 0]]], np.uint16)
    image = load(tiff(rgba, extrasamples=["assocalpha"]), background="black")
    close(image, rgba[..., :3] / 65535)


def test_tiff_of_several_pages_needs_a_frame() -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(GREY)
        writer.write(GREY ^ 1)
    with pytest.raises(InputError, match="the file has 2 frames; name one of them"):
        load_image(file.getvalue())
    close(load_image(file.getvalue(), frame=1), (GREY ^ 1)[..., None] / 65535)


@pytest.mark.parametrize("orientation", [3, 6])
def test_orientation_of_16_bit_files_is_applied(orientation: int) -> None:
    turned = {3: DEEP[::-1, ::-1], 6: np.rot90(DEEP, -1)}[orientation]
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HHI", orientation, 0, 0)
    for data in (
        png16(DEEP, (b"eXIf", exif)),
        tiff(DEEP, extratags=[(274, "H", 1, orientation, True)]),
    ):
        image = load(data)
        close(image, turned / 65535)
        assert image.notes[-1] == f"EXIF orientation {orientation} applied"


def test_profile_of_16_bit_files_is_converted_at_their_depth() -> None:
    profile = icc.matrix_profile(icc.DISPLAY_P3, 2.0, "wide")
    muted = (DEEP // 2 + 16384).astype(np.uint16)
    light = (muted / 65535) ** 2.0
    expected = icc.srgb_code(light @ (np.linalg.inv(icc.SRGB) @ icc.DISPLAY_P3).T)
    body = b"p\0\0" + zlib.compress(profile)
    for data in (png16(muted, (b"iCCP", body)), tiff(muted, iccprofile=profile)):
        image = load_image(data)
        close(image, expected, tolerance=2e-3)
        assert "colour profile 'wide' converted to sRGB (relative colorimetric)" in image.notes
    # One step of 16 bits still shows.
    near = load_image(tiff(muted ^ 1, iccprofile=profile)).pixels
    assert float((near != image.pixels).float().mean()) > 0.9


def test_grey_and_cmyk_profiles_of_16_bit_files_are_converted() -> None:
    image = load_image(tiff(GREY, iccprofile=icc.grey_profile(1.0)))
    close(image, icc.srgb_code(GREY / 65535)[..., None], tolerance=3e-3)
    inks = np.zeros((2, 2, 4), np.uint16)
    inks[0] = 65535
    data = tiff(inks, photometric="separated", iccprofile=icc.cmyk_profile(50))
    pixels = load_image(data).pixels
    assert float(pixels[:, 1].min()) > 0.995
    assert float(pixels[:, 0].max()) < float(pixels[:, 1].min())


def test_profile_of_a_16_bit_file_without_any_tags_is_recorded_and_changes_no_pixel() -> None:
    inks = np.dstack([DEEP, GREY])
    for samples, space, options in (
        (DEEP, b"RGB ", {}),
        (GREY, b"GRAY", {}),
        (inks, b"CMYK", {"photometric": "separated"}),
    ):
        plain = load_image(tiff(samples, **options))
        image = load_image(tiff(samples, iccprofile=icc.empty_profile(space), **options))
        assert torch.equal(image.pixels, plain.pixels)
        assert "embedded colour profile is unreadable and was not applied" in image.notes


@colours_of_avif
def test_stated_pq_needs_to_be_named_and_is_then_decoded() -> None:
    samples = np.full((16, 16, 3), 769, np.uint16)  # 0.7517 of 1023: 1000 cd/m2
    data = bytes(
        imagecodecs.avif_encode(
            samples,
            level=100,
            bitspersample=10,
            pixelformat="444",
            primaries=9,
            transfer=16,
            matrix=0,
        )
    )
    with pytest.raises(InputError, match="the file states the PQ transfer function; say how"):
        load_image(data)
    image = load_image(data, transfer="pq")
    close(image, np.ones(3), tolerance=2e-3)
    assert "BT.2020 primaries converted to sRGB" in image.notes
    close(load_image(data, transfer="srgb"), np.full(3, 769 / 1023))
    assert "primaries" not in "".join(load_image(data, transfer="srgb").notes)


def test_stated_hlg_of_a_png_needs_to_be_named() -> None:
    data = png16(DEEP, (b"cICP", bytes([9, 18, 0, 1])))
    with pytest.raises(InputError, match="the file states the HLG transfer function"):
        load_image(data)
    assert any(note.startswith("HLG decoded") for note in load_image(data, transfer="hlg").notes)


def test_stated_wide_primaries_without_a_profile_are_converted() -> None:
    muted = (DEEP // 4 + 24000).astype(np.uint16)
    image = load_image(png16(muted, (b"cICP", bytes([12, 13, 0, 1]))))
    code = muted / 65535
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    expected = icc.srgb_code(light @ (np.linalg.inv(icc.SRGB) @ icc.DISPLAY_P3).T)
    close(image, expected, tolerance=2e-3)
    assert "P3 primaries converted to sRGB" in image.notes


@pytest.mark.parametrize("kind", [*ENCODERS, "exr", "hdr", "avif", "npy"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
def test_truncated_deep_files_are_refused(tmp_path: Path, kind: str, kept: float) -> None:
    light = (DEEP / 65535).astype(np.float32)
    if kind == "exr":
        data = exr(tmp_path / "whole.exr", {"RGB": light}).read_bytes()
    elif kind == "hdr":
        data = bytes(imagecodecs.rgbe_encode(light, header=True))
    elif kind == "avif":
        data = bytes(imagecodecs.avif_encode(DEEP >> 6, level=95, bitspersample=10))
    elif kind == "npy":
        file = io.BytesIO()
        np.save(file, DEEP)
        data = file.getvalue()
    else:
        data = ENCODERS[kind](DEEP)
    path = tmp_path / "short.img"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(InputError, match=r"short\.img: "):
        load_image(path, transfer="linear:1" if kind in ("exr", "hdr") else "srgb")


@pytest.mark.parametrize("kind", [*ENCODERS, "hdr", "avif", "npy"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_flipped_bytes_give_an_image_or_a_clear_error(kind: str, data: st.DataObject) -> None:
    small = DEEP[:16, :16].copy()
    if kind == "hdr":
        whole = bytes(imagecodecs.rgbe_encode((small / 65535).astype(np.float32), header=True))
    elif kind == "avif":
        whole = bytes(imagecodecs.avif_encode(small >> 6, level=50, bitspersample=10, speed=10))
    elif kind == "npy":
        file = io.BytesIO()
        np.save(file, small)
        whole = file.getvalue()
    else:
        whole = ENCODERS[kind](small)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = load_image(bytes(damaged), transfer="linear:1", max_pixels=10**6)
    except MSDSError as error:
        assert str(error).startswith("<bytes>: ")  # noqa: PT017
    else:
        assert bool(torch.isfinite(image.pixels).all())


@pytest.mark.parametrize("kind", ENCODERS)
def test_deep_files_above_the_limit_are_refused(kind: str) -> None:
    data = ENCODERS[kind](DEEP)
    assert load(data, max_pixels=768).width == 32
    with pytest.raises(InputError, match="32 x 24, 768 pixels; at most 767 are read"):
        load(data, max_pixels=767)


def test_signed_samples_are_refused() -> None:
    with pytest.raises(InputError, match="holds int16 samples; expected unsigned"):
        load_image(tiff(GREY.astype(np.int16)))


def test_missing_libraries_are_named_with_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = [
        ENCODERS["png"](DEEP),
        tiff(DEEP),
        bytes(imagecodecs.jpegxl_encode((DEEP >> 8).astype(np.uint8))),
        exr(tmp_path / "a.exr", {"RGB": DEEP.astype(np.float32)}).read_bytes(),
    ]
    real: Callable[..., Any] = importlib.import_module

    def without(name: str, *rest: Any) -> Any:
        if name in ("imagecodecs", "tifffile", "pillow_heif", "OpenEXR"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    for data in files:
        with pytest.raises(MissingExtraError, match=r"pip install 'msds-iqa\[formats\]'"):
            load_image(data, transfer="linear:1")
    path = tmp_path / "rgb16.png"
    path.write_bytes(files[0])
    with pytest.raises(MissingExtraError) as caught:
        load_image(path)
    expected = f"{path}: a PNG of 16 bits per sample needs imagecodecs, which is not installed: run"
    assert str(caught.value).startswith(expected)
