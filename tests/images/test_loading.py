"""Reading 8-bit files and Pillow images."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PILImage
from PIL import ImageOps

from helpers import icc
from helpers.image_files import tiff
from helpers.pictures import saved
from msds.images import load_codes, load_image

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (20, 30, 3), np.uint8)
RGBA = RNG.integers(0, 256, (20, 30, 4), np.uint8)


def codes(image: Any) -> np.ndarray:
    """Pixels as (H, W, 3) 8-bit code values, not rounded."""
    return image.pixels.permute(1, 2, 0).double().numpy() * 255


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
        ("PPM", {}),
        ("TGA", {}),
        ("JPEG2000", {"irreversible": False}),
    ],
)
def test_lossless_files_give_their_code_values_over_255(kind: str, options: dict[str, Any]) -> None:
    image = load_image(saved(RGB, kind, **options))
    assert image.pixels.dtype == torch.float32
    assert (image.height, image.width) == (20, 30)
    assert torch.equal(image.pixels, torch.from_numpy(RGB).permute(2, 0, 1) / 255)
    assert image.notes == ()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_files_give_what_pillow_decodes(kind: str) -> None:
    data = saved(np.full((16, 16, 3), (200, 100, 50), np.uint8), kind, quality=95)
    expected = np.asarray(PILImage.open(io.BytesIO(data)).convert("RGB"))
    assert np.array_equal(np.rint(codes(load_image(data))), expected)


def test_path_bytes_and_picture_give_the_same_pixels(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(saved(RGB, "PNG"))
    from_path = load_image(path)
    assert from_path.source == str(path)
    for source in (str(path), path.read_bytes(), bytearray(path.read_bytes()), PILImage.open(path)):
        assert torch.equal(load_image(source).pixels, from_path.pixels)


@pytest.mark.parametrize("name", ["a photo (1).png", "Süß 写真 🐈.png", "-rf.png", "no suffix"])
def test_names_with_spaces_and_other_scripts_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(saved(RGB, "PNG"))
    assert load_image(path).source.endswith(name)


def test_suffix_does_not_decide_what_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "really_png.jpg"
    path.write_bytes(saved(RGB, "PNG"))
    assert np.array_equal(np.rint(codes(load_image(path))), RGB)


def test_grey_is_expanded() -> None:
    image = load_image(saved(RGB[..., 0], "PNG"))
    assert torch.equal(image.pixels, (torch.from_numpy(RGB[..., 0]) / 255).expand(3, -1, -1))
    assert image.notes == ("grey expanded to RGB",)


def test_one_bit_picture_becomes_black_and_white() -> None:
    picture = PILImage.fromarray(RGB[..., 0] > 127)
    image = load_image(saved(picture, "PNG"))
    assert np.array_equal(codes(image)[..., 0], np.where(RGB[..., 0] > 127, 255.0, 0.0))
    assert image.notes[0] == "1-bit samples converted to L"


def test_palette_is_expanded() -> None:
    picture = PILImage.fromarray(RGB[..., 0] % 4, "L").convert("P")
    picture.putpalette([10, 20, 30, 250, 0, 0, 0, 250, 0, 1, 2, 3])
    image = load_image(saved(picture, "PNG"))
    table = np.array([[10, 20, 30], [250, 0, 0], [0, 250, 0], [1, 2, 3]])
    assert np.array_equal(np.rint(codes(image)), table[RGB[..., 0] % 4])
    assert image.notes == ("palette expanded",)


@pytest.mark.parametrize(
    ("background", "colour"),
    [("white", (1, 1, 1)), ("black", (0, 0, 0)), ("#3366cc", (0.2, 0.4, 0.8))],
)
def test_transparency_is_composited_on_the_named_background(
    background: str, colour: tuple[float, float, float]
) -> None:
    image = load_image(saved(RGBA, "PNG"), background=background)
    alpha = RGBA[..., 3:] / 255
    expected = RGBA[..., :3] / 255 * alpha + np.array(colour) * (1 - alpha)
    np.testing.assert_allclose(codes(image) / 255, expected, atol=1e-6)
    assert image.notes == (f"transparency composited on {background}",)


def test_grey_with_alpha_is_composited() -> None:
    image = load_image(saved(RGBA[..., :2], "PNG"), background="black")
    expected = (RGBA[..., 0] / 255) * (RGBA[..., 1] / 255)
    np.testing.assert_allclose(codes(image)[..., 2] / 255, expected, atol=1e-6)
    assert image.notes == ("grey expanded to RGB", "transparency composited on black")


def test_opaque_alpha_changes_nothing() -> None:
    opaque = RGBA.copy()
    opaque[..., 3] = 255
    image = load_image(saved(opaque, "PNG"), background="black")
    assert torch.equal(image.pixels, torch.from_numpy(opaque[..., :3]).permute(2, 0, 1) / 255)
    assert image.notes == ("opaque alpha channel dropped",)


def test_transparent_colour_of_palette_grey_and_rgb_files_shows_the_background() -> None:
    palette = PILImage.fromarray(np.array([[0, 1]], np.uint8), "L").convert("P")
    palette.putpalette([0, 0, 0, 255, 0, 0])
    files = [
        saved(palette, "PNG", transparency=1),
        saved(np.array([[0, 255]], np.uint8), "PNG", transparency=255),
        saved(np.array([[[0, 0, 0], [255, 0, 0]]], np.uint8), "PNG", transparency=(255, 0, 0)),
    ]
    for data in files:
        pixels = load_image(data, background="#00ff00").pixels
        assert pixels[:, 0, 0].tolist() == [0, 0, 0]
        assert pixels[:, 0, 1].tolist() == [0, 1, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    picture = PILImage.fromarray(RGB)
    exif = picture.getexif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    image = load_image(saved(picture, kind, exif=exif, **options))
    reference = PILImage.fromarray(RGB)
    reference.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(reference))
    assert np.array_equal(np.rint(codes(image)), expected)
    assert image.notes == (() if orientation == 1 else (f"EXIF orientation {orientation} applied",))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_bytes_of_a_file_stay_bytes_where_that_is_wanted(orientation: int) -> None:
    picture = PILImage.fromarray(RGB)
    exif = picture.getexif()
    exif[0x0112] = orientation
    data = saved(picture, "PNG", exif=exif)
    kept, floats = load_codes(data), load_image(data)
    assert kept.pixels.dtype == torch.uint8
    assert torch.equal(kept.pixels.float() / 255, floats.pixels)
    assert kept.notes == floats.notes


def test_what_is_finer_than_bytes_is_not_cut_to_bytes() -> None:
    for data in (saved(RGBA, "PNG"), tiff(RGB.astype(np.uint16) * 257 + 9)):
        assert torch.equal(load_codes(data).pixels, load_image(data).pixels)


def test_orientation_out_of_range_is_ignored() -> None:
    picture = PILImage.fromarray(RGB)
    exif = picture.getexif()
    exif[0x0112] = 9
    assert load_image(saved(picture, "PNG", exif=exif)).height == 20


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_exif_that_cannot_be_read_is_ignored(kind: str) -> None:
    plain = saved(RGB, kind)
    for exif in (b"garbage", b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0"):
        image = load_image(saved(RGB, kind, exif=exif))
        assert torch.equal(image.pixels, load_image(plain).pixels)


def test_wide_gamut_profile_is_converted_to_srgb() -> None:
    profile = icc.matrix_profile(icc.DISPLAY_P3, 2.2, "wide")
    muted = (RGB // 2 + 64).astype(np.uint8)
    image = load_image(saved(muted, "PNG", icc_profile=profile))
    light = (muted / 255) ** (563 / 256)  # 2.2 as the profile's 8.8 fixed-point number
    expected = icc.srgb_code(light @ (np.linalg.inv(icc.SRGB) @ icc.DISPLAY_P3).T)
    np.testing.assert_allclose(codes(image), expected * 255, atol=1.1)
    assert image.notes == ("colour profile 'wide' converted to sRGB (relative colorimetric)",)


def test_profile_of_a_picture_counts_as_it_does_in_a_file() -> None:
    data = saved(RGB, "PNG", icc_profile=icc.matrix_profile(icc.DISPLAY_P3, 2.2))
    picture = PILImage.open(io.BytesIO(data))
    assert torch.equal(load_image(picture).pixels, load_image(data).pixels)


def test_srgb_profile_changes_no_pixel() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = load_image(saved(RGB, "PNG", icc_profile=profile))
    assert torch.equal(image.pixels, load_image(saved(RGB, "PNG")).pixels)
    assert image.notes == ()


def test_grey_profile_is_converted() -> None:
    image = load_image(saved(RGB[..., 0], "PNG", icc_profile=icc.grey_profile(1.0)))
    expected = icc.srgb_code(RGB[..., 0] / 255)
    np.testing.assert_allclose(codes(image)[..., 1], expected * 255, atol=1.1)


def test_rgb_profile_in_a_grey_file_is_applied_to_the_expanded_pixels() -> None:
    profile = icc.matrix_profile(icc.SRGB, 1.0, "linear")
    image = load_image(saved(RGB[..., 0], "PNG", icc_profile=profile))
    np.testing.assert_allclose(
        codes(image)[..., 0], icc.srgb_code(RGB[..., 0] / 255) * 255, atol=1.1
    )
    assert image.notes[0] == "grey expanded to RGB"


def test_cmyk_profile_is_converted() -> None:
    inks = np.zeros((2, 2, 4), np.uint8)
    inks[0] = 255
    picture = PILImage.fromarray(inks, "CMYK")
    image = load_image(saved(picture, "TIFF", icc_profile=icc.cmyk_profile(50)))
    # L* of 50 is a luminance of 0.1842; black point compensation does not apply to this press,
    # whose darkest ink is its only one, so it maps to black.
    assert np.abs(codes(image)[1] - 255).max() <= 1
    assert codes(image)[0].max() < codes(image)[1].min()
    assert "colour profile 'press' converted to sRGB" in image.notes[0]


def test_cmyk_without_a_profile_is_converted_ink_by_ink() -> None:
    inks = RNG.integers(0, 256, (5, 6, 4), np.uint8)
    image = load_image(saved(PILImage.fromarray(inks, "CMYK"), "TIFF"))
    ink = inks / 255
    expected = (1 - ink[..., :3]) * (1 - ink[..., 3:])
    np.testing.assert_allclose(codes(image) / 255, expected, atol=1e-6)
    assert "CMYK without a usable profile" in image.notes[0]


def test_unreadable_and_mismatched_profiles_are_recorded() -> None:
    broken = load_image(saved(RGB, "PNG", icc_profile=b"not a profile"))
    assert broken.notes == ("embedded colour profile is unreadable and was not applied",)
    grey = load_image(saved(RGB, "PNG", icc_profile=icc.grey_profile(1.0)))
    assert grey.notes == ("embedded colour profile is for GRAY, not rgb, and was not applied",)
    for image in (broken, grey):
        assert np.array_equal(np.rint(codes(image)), RGB)


@pytest.mark.parametrize(
    ("space", "mode", "channels"), [(b"RGB ", "RGB", 3), (b"GRAY", "L", 1), (b"CMYK", "CMYK", 4)]
)
def test_profile_without_any_tags_is_recorded_and_changes_no_pixel(
    space: bytes, mode: str, channels: int
) -> None:
    picture = PILImage.fromarray(RGBA[..., :channels].squeeze(), mode)
    plain = load_image(saved(picture, "TIFF"))
    image = load_image(saved(picture, "TIFF", icc_profile=icc.empty_profile(space)))
    assert torch.equal(image.pixels, plain.pixels)
    assert "embedded colour profile is unreadable and was not applied" in image.notes


def test_profile_whose_space_or_name_is_not_text_is_no_reason_to_fail() -> None:
    profile = icc.matrix_profile(icc.DISPLAY_P3, 2.2, "wide")
    space = profile.replace(b"RGB ", b"\xff\xff\xff\xff", 1)
    assert load_image(saved(RGB, "PNG", icc_profile=space)).notes == (
        "embedded colour profile is unreadable and was not applied",
    )
    named = profile.replace(b"wide", b"\xff" * 4)
    assert load_image(saved(RGB, "PNG", icc_profile=named)).notes == (
        "colour profile without a name converted to sRGB (relative colorimetric)",
    )


def test_ycbcr_and_lab_pictures_are_converted() -> None:
    grey = np.full((4, 4, 3), 128, np.uint8)
    ycbcr = load_image(PILImage.fromarray(grey, "YCbCr"))
    assert np.abs(codes(ycbcr) - 128).max() <= 1
    lab = np.full((4, 4, 3), 128, np.uint8)
    lab[..., 0] = round(53.585 * 2.55)  # L* of the middle grey, sRGB code 128
    picture = load_image(PILImage.merge("LAB", [PILImage.fromarray(lab[..., i]) for i in range(3)]))
    assert np.abs(codes(picture) - 128).max() <= 2
    assert picture.notes == ("LAB samples converted to RGB",)


def test_named_frame_of_an_animation_is_read() -> None:
    frames = [PILImage.new("RGB", (8, 6), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    image = load_image(data, frame=1)
    assert image.pixels[:, 0, 0].tolist() == [0, 1, 0]
    assert image.notes == ("frame 1 of 3",)


def test_frame_zero_of_a_still_image_is_the_image() -> None:
    assert torch.equal(load_image(saved(RGB, "PNG"), frame=0).pixels, load_image(RGB).pixels)


def test_multi_picture_jpeg_of_a_camera_is_its_first_picture() -> None:
    first, second = (PILImage.new("RGB", (16, 16), grey) for grey in ("white", "black"))
    data = saved(first, "MPO", save_all=True, append_images=[second])
    image = load_image(data)
    assert codes(image).min() > 250
    assert image.notes == ("first of 2 images in a multi-picture JPEG",)


def test_loading_leaves_pillows_own_limit_as_it_was() -> None:
    before = PILImage.MAX_IMAGE_PIXELS
    load_image(saved(RGB, "PNG"), max_pixels=10**9)
    assert before == PILImage.MAX_IMAGE_PIXELS


def test_every_example_photograph_loads(examples_dir: Path, tmp_path: Path) -> None:
    photos = [p for p in sorted(examples_dir.rglob("*")) if p.suffix in (".png", ".jpg", ".webp")]
    assert len(photos) >= 10
    for photo in photos:
        pixels = load_image(photo).pixels
        assert 0 <= float(pixels.min()) < float(pixels.max()) <= 1
    copy = tmp_path / "copy.png"
    shutil.copy(photos[0], copy)
    assert torch.equal(load_image(copy).pixels, load_image(photos[0]).pixels)
