"""Files of more than 8 bits per sample, and formats Pillow lacks."""

from __future__ import annotations

import importlib
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import icc
from msds import images
from msds.errors import InputError, MissingExtraError, MSDSError
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


def test_openexr_and_radiance_need_a_transfer(tmp_path: Path) -> None:
    light = (DEEP / 8192).astype(np.float32)
    path = exr(tmp_path / "Süß scene.exr", {"RGB": light})
    hdr = tmp_path / "scene.hdr"
    hdr.write_bytes(imagecodecs.rgbe_encode(light, header=True))
    for file, tolerance in ((path, 1e-6), (hdr, 0.1)):
        with pytest.raises(InputError, match="floating-point samples; say how they are meant with"):
            load_image(file)
        image = load_image(file, transfer="linear:8")
        close(image, icc.srgb_code(light / 8), tolerance=tolerance)
        assert "linear samples divided by 8 and encoded as sRGB" in image.notes
    assert torch.equal(
        load_image(path.read_bytes(), transfer="linear:8").pixels,
        load_image(path, transfer="linear:8").pixels,
    )


def test_openexr_half_alpha_luminance_and_primaries_are_read(tmp_path: Path) -> None:
    light = (DEEP / 65535).astype(np.float16)
    half = load_image(exr(tmp_path / "half.exr", {"RGB": light}), transfer="linear:1")
    close(half, icc.srgb_code(light.astype(np.float64)))
    luminance = exr(tmp_path / "y.exr", {"Y": np.ascontiguousarray(light[..., 0])})
    assert "grey expanded to RGB" in load_image(luminance, transfer="linear:1").notes
    alpha = np.full((4, 4, 4), 0.5, np.float32)
    alpha[..., 0] = 0.25  # premultiplied
    image = load_image(exr(tmp_path / "a.exr", {"RGBA": alpha}), transfer="linear:1",
                       background="black")  # fmt: skip
    close(image, icc.srgb_code(np.array([0.5, 1, 1])) * 0.5)
    wide = exr(
        tmp_path / "wide.exr",
        {"RGB": light},
        chromaticities=(0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
    )
    assert any("primaries converted" in n for n in load_image(wide, transfer="linear:1").notes)


def test_openexr_without_colours_is_refused(tmp_path: Path) -> None:
    path = exr(tmp_path / "depth.exr", {"Z": np.zeros((4, 4), np.float32)})
    with pytest.raises(InputError, match=r"has the channels Z; expected R, G, B"):
        load_image(path, transfer="linear:1")


def test_floating_tiff_and_pfm_need_a_transfer() -> None:
    light = (DEEP / 16384).astype(np.float32)
    pfm = b"PF\n32 24\n-1.0\n" + light[::-1].tobytes()
    for data in (tiff(light), pfm):
        with pytest.raises(InputError, match="floating-point samples; say how they are meant with"):
            load_image(data)
        close(load_image(data, transfer="linear:4"), icc.srgb_code(light / 4))
        with pytest.raises(InputError, match=r"transfer srgb expects \[0, 1\]"):
            load_image(data, transfer="srgb")
    light[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="NaN or infinite values"):
        load_image(tiff(light), transfer="linear:4")


def test_numpy_files_follow_the_rules_of_arrays(tmp_path: Path) -> None:
    path = tmp_path / "raw.npy"
    np.save(path, DEEP)
    close(load_image(path), DEEP / 65535)
    np.save(path, DEEP / 65535)
    close(load_image(path), DEEP / 65535)
    np.save(path, DEEP / 16384)
    with pytest.raises(InputError, match=r"raw\.npy: floating-point values run from"):
        load_image(path)
    close(load_image(path, transfer="linear:4"), icc.srgb_code(DEEP / 65536))
    np.save(path, np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"raw\.npy: "):
        load_image(path)


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
    with pytest.raises(InputError, match="32 x 24, 768 pixels; at most 767 are decoded"):
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
