"""Sources that are refused, and the sentence that says why."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from helpers.pictures import saved
from msds.errors import InputError, MSDSError
from msds.images import Image, load_image

RGB = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def test_missing_file_folder_and_device_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.png: no such file"):
        load_image(tmp_path / "nowhere.png")
    with pytest.raises(InputError, match="this is a folder; expected an image file"):
        load_image(tmp_path)
    with pytest.raises(InputError, match="not a regular file"):
        load_image(os.devnull)
    with pytest.raises(InputError, match=r"no such file|cannot be reached"):
        load_image("a\0b.png")


def test_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(saved(RGB, "PNG"))

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"secret\.png: the file cannot be read.*denied"):
        load_image(path)


def test_name_that_is_not_utf8_can_still_be_printed(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_image(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    assert str(caught.value).encode("utf-8")


def test_empty_file_and_no_bytes_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(InputError, match=r"empty\.png: the file is empty"):
        load_image(tmp_path / "empty.png")
    with pytest.raises(InputError, match="there are no bytes"):
        load_image(b"")


@pytest.mark.parametrize("data", [b"hello", b"<html></html>" * 50, b"%PDF-1.7\n", bytes(5000)])
def test_what_is_not_an_image_is_said_not_to_be(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"page\.png: this is not an image in a format"):
        load_image(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000", "AVIF"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_truncated_files_are_refused(tmp_path: Path, kind: str, kept: float) -> None:
    data = saved(RGB, kind)
    path = tmp_path / "short.img"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(InputError, match=r"short\.img: "):
        load_image(path)


def test_damaged_png_is_refused() -> None:
    data = bytearray(saved(RGB, "PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(InputError, match="PNG data are truncated or damaged"):
        load_image(bytes(data))


@pytest.mark.parametrize("failure", [RuntimeError("no item"), NotImplementedError("kind 9")])
def test_whatever_kind_of_error_a_decoder_raises_the_file_is_named(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    data = saved(RGB, "BMP")
    with monkeypatch.context() as patch:
        patch.setattr(PILImage, "open", fail)
        with pytest.raises(InputError, match=f"<bytes>: .*cannot be opened .{failure}"):
            load_image(data)
    monkeypatch.setattr(PILImage.Image, "getexif", fail)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(InputError, match=f"BMP data are truncated or damaged .{failure}"):
        load_image(data)


def test_lack_of_memory_while_decoding_names_the_file_and_stays_recognisable(
    tmp_path: Path,
) -> None:
    # A JPEG 2000 file, one of whose boxes claims more bytes than there is memory.
    data = bytearray(saved(RGB, "JPEG2000"))
    at = data.index(b"jp2h") - 4
    data[at : at + 4] = struct.pack(">I", 1)
    data[at + 8 : at + 16] = struct.pack(">Q", 2**62)
    path = tmp_path / "claims.jp2"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"claims\.jp2: there is not enough memory") as caught:
        load_image(path)
    assert isinstance(caught.value, MemoryError)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "ICO", "PCX", "TGA"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_flipped_bytes_give_an_image_or_a_clear_error(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(saved(RGB[:16, :16], kind))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(load_image(bytes(damaged), max_pixels=10**6), Image)
    except MSDSError as error:
        assert str(error).startswith("<bytes>: ")  # noqa: PT017


def test_huge_claims_are_refused_before_decoding() -> None:
    with pytest.raises(InputError, match="40000, 2000000000 pixels; at most 268435456 are read"):
        load_image(png_header(50000, 40000))


def test_a_huge_bmp_is_refused_by_its_header() -> None:
    data = bytearray(saved(RGB, "BMP"))
    data[18:26] = struct.pack("<ii", 40000, -30000)
    with pytest.raises(InputError, match="40000 x 30000, 1200000000 pixels; at most 268435456"):
        load_image(bytes(data))


def test_a_huge_file_that_only_pillow_can_size_is_refused_in_our_own_words() -> None:
    data = bytearray(saved(RGB, "TGA"))
    data[12:16] = struct.pack("<HH", 40000, 30000)
    expected = r"<bytes>: .* too many pixels; at most 268435456 are read \(--max-pixels, or"
    with pytest.raises(InputError, match=expected) as caught:
        load_image(bytes(data))
    assert "decompression bomb" not in str(caught.value)


def test_limit_is_exact_and_can_be_chosen() -> None:
    data = saved(RGB, "PNG")
    assert load_image(data, max_pixels=2000).width == 50
    with pytest.raises(InputError, match="40, 2000 pixels; at most 1999 are read"):
        load_image(data, max_pixels=1999)


def test_pillows_own_limit_does_not_stop_a_larger_image_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PILImage, "MAX_IMAGE_PIXELS", 100)
    for kind in ("PNG", "TIFF", "WEBP", "GIF"):
        assert load_image(saved(RGB, kind)).width == 50


def test_animated_and_multi_page_files_are_refused_unless_a_frame_is_named() -> None:
    frames = [PILImage.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        with pytest.raises(
            InputError,
            match=r"has 3 frames; name one of them .* up to frame=2",
        ):
            load_image(data)
        with pytest.raises(InputError, match="frame 3 was asked for; the file has frames 0 to 2"):
            load_image(data, frame=3)
        with pytest.raises(InputError, match="frame -1 was asked for"):
            load_image(data, frame=-1)
    with pytest.raises(InputError, match="frame 1 was asked for; the file has one image, frame 0"):
        load_image(saved(frames[0], "PNG"), frame=1)


def test_frame_of_something_without_frames_is_refused() -> None:
    for source in (RGB, PILImage.fromarray(RGB)):
        with pytest.raises(InputError, match="frame 0 was asked for; only files have frames"):
            load_image(source, frame=0)


def test_pictures_deeper_than_8_bits_are_refused_not_cut(tmp_path: Path) -> None:
    for mode in ("I;16", "I", "F"):
        with pytest.raises(InputError, match=f"mode {mode}, which is not 8 bits"):
            load_image(PILImage.new(mode, (4, 4)))
    # Pillow opens this as 8-bit RGB and would drop the lower half of every sample.
    path = tmp_path / "deep.png"
    data = bytearray(png_header(4, 4))
    data[24] = 16
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)
    with PILImage.open(path) as picture, pytest.raises(InputError, match="more than 8 bits"):
        load_image(picture)


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_pictures_without_pixels_are_refused(size: tuple[int, int]) -> None:
    found = f"<picture>: the image is {size[0]} x {size[1]}; expected at least one pixel"
    with pytest.raises(InputError, match=found):
        load_image(PILImage.new("RGB", size))


def test_closed_pictures_are_refused(tmp_path: Path) -> None:
    made = PILImage.fromarray(RGB)
    made.close()
    path = tmp_path / "photo.png"
    path.write_bytes(saved(RGB, "PNG"))
    with PILImage.open(path) as opened:
        pass
    with PILImage.open(path) as loaded:
        loaded.load()
    loaded.close()
    for picture, name in ((made, "<picture>"), (opened, "photo.png"), (loaded, "photo.png")):
        with pytest.raises(InputError, match=f"{name}: the picture cannot be read"):
            load_image(picture)


def test_a_picture_whose_file_is_truncated_is_refused() -> None:
    data = saved(RGB, "PNG")
    with (
        PILImage.open(io.BytesIO(data[: len(data) // 2])) as picture,
        pytest.raises(InputError, match="<picture>: the picture cannot be read .*truncated"),
    ):
        load_image(picture)


def test_postscript_is_not_run() -> None:
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(InputError, match="EPS is not read"):
        load_image(script)


@pytest.mark.parametrize("background", ["red", "#fff", "#gggggg", "", "#+1+1+1"])
def test_unknown_background_is_refused(background: str) -> None:
    with pytest.raises(InputError, match="expected 'white', 'black' or '#rrggbb'"):
        load_image(RGB, background=background)


def test_sources_of_other_types_are_refused() -> None:
    with pytest.raises(InputError, match="given as int; expected a path, bytes"):
        load_image(3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="given as list"):
        load_image([[0.0]])  # type: ignore[arg-type]
