"""Damaged files are refused as far as their formats let it be seen; the campaigns, in small."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PILImage
from PIL.PngImagePlugin import PngInfo

from benchmarks.abuse import damage, decoders, lossless, undetectable
from benchmarks.abuse.attempt import Attempt
from msds.errors import InputError
from msds.images import load_image, open_regions
from msds.images.formats import pillow
from msds.images.formats.gif import unpacked_length

for module in ("imagecodecs", "OpenEXR", "pillow_heif", "pyvips", "tifffile"):
    pytest.importorskip(module)

RGB = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def encode(kind: str, mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    PILImage.fromarray(RGB).convert(mode).save(file, kind, **options)
    return file.getvalue()


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


def tried(subject: Any, scale: float, seed: int) -> Iterator[Attempt]:
    return (trial.run() for trial in subject.trials(scale, seed))


def test_no_damaged_lossless_file_is_taken_for_whole() -> None:
    attempts = list(tried(damage, 0.02, seed=1))
    assert sum(attempt.tried for attempt in attempts) > 500
    assert {attempt.what: attempt.failures for attempt in attempts if attempt.failed} == {}


def test_the_campaign_sees_what_decoders_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pillow, "check_whole", lambda *_: None)
    attempts = {attempt.what: attempt for attempt in tried(damage, 0.05, seed=1)}
    assert attempts["TIFF, Deflate, tiles, damaged"].failed > 2


def test_whatever_is_done_to_a_file_it_is_read_or_refused_in_a_sentence() -> None:
    attempts = list(tried(decoders, 0.05, seed=1))
    assert {attempt.what: attempt.failures for attempt in attempts if attempt.failed} == {}
    whole = lossless.make_samples(1)
    assert {"PNG", "TIFF, Deflate", "OpenEXR, ZIP in parts"} <= whole.keys()


def test_what_cannot_be_seen_is_counted() -> None:
    attempts = {attempt.what: attempt for attempt in tried(undetectable, 0.05, seed=1)}
    assert attempts["TIFF, plain"].outcomes["another image"] > 0
    assert not any(attempt.failed for attempt in attempts.values())


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"tEXt", b"IEND"])
def test_a_png_is_refused_if_the_checksum_of_any_chunk_does_not_fit(
    kind: bytes, tmp_path: Path
) -> None:
    file = io.BytesIO()
    notes = PngInfo()
    notes.add_text("title", "a photograph")
    PILImage.fromarray(RGB).save(file, "PNG", pnginfo=notes)
    data = file.getvalue()
    place = data.index(kind)
    (length,) = struct.unpack_from(">I", data, place - 4)
    path = tmp_path / "a.png"
    path.write_bytes(flipped(data, place + 4 + length))
    for read in (load_image, open_regions):
        with pytest.raises(InputError, match=r"a\.png: .*(checksum|damaged|broken)"):
            read(path)


def test_a_png_that_ends_behind_its_pixels_is_refused() -> None:
    data = encode("PNG")
    with pytest.raises(InputError, match="truncated or damaged"):
        load_image(data[:-12])


def test_every_flipped_bit_of_a_deflate_stream_in_tiff_is_seen_unless_it_means_nothing() -> None:
    file = io.BytesIO()
    smooth = RGB[:8, :8] // 32
    PILImage.fromarray(smooth).save(file, "TIFF", compression="tiff_adobe_deflate")
    data = file.getvalue()
    with PILImage.open(io.BytesIO(data)) as picture:
        start, count = picture.tag_v2[273][0], picture.tag_v2[279][0]  # type: ignore[attr-defined]
    assert zlib.decompress(data[start : start + count]) == smooth.tobytes()
    whole, unseen = load_image(data).pixels, 0
    for bit in range(8 * count):
        changed = bytearray(data)
        changed[start + bit // 8] ^= 1 << bit % 8
        try:
            assert torch.equal(load_image(bytes(changed)).pixels, whole)
            unseen += 1
        except InputError:
            pass
    # Between the last code and the checksum up to seven bits fill a byte.
    assert unseen < 8


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "raw"])
def test_a_tiff_of_fewer_rows_than_its_strips_hold_is_refused(compression: str) -> None:
    data = bytearray(encode("TIFF", compression=compression))
    struct.pack_into("<I", data, _entry(bytes(data), 257) + 8, 31)
    with pytest.raises(InputError, match="truncated or damaged"):
        load_image(bytes(data))


def _entry(data: bytes, tag: int) -> int:
    """Where a tag of a little-endian TIFF stands in its directory."""
    (place,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, place)
    entries = range(place + 2, place + 2 + 12 * count, 12)
    return next(entry for entry in entries if struct.unpack_from("<H", data, entry) == (tag,))


def test_lengths_of_gif_strings_are_those_that_pillow_unpacks() -> None:
    for colours in (2, 16, 200):
        picture = PILImage.fromarray(RGB).quantize(colours)
        file = io.BytesIO()
        picture.save(file, "GIF")
        data = file.getvalue()
        place = data.index(b",\0\0\0\0" + struct.pack("<HH", 50, 40)) + 10
        packed, at = b"", place + 1
        while data[at]:
            packed += data[at + 1 : at + 1 + data[at]]
            at += 1 + data[at]
        assert unpacked_length(packed, data[place], 2000) == 2000
        with pytest.raises(ValueError, match="end early"):
            unpacked_length(packed[:-9], data[place], 2000)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "BMP", "PPM", "ICO", "ICNS", "JPEG2000", "TIFF"])
def test_a_whole_file_is_read(kind: str) -> None:
    file = io.BytesIO()
    PILImage.fromarray(RGB).resize((32, 32)).save(file, kind)
    image = load_image(file.getvalue(), frame=0)
    assert (image.width, image.height) in ((32, 32), (1024, 1024))


def test_what_follows_a_file_is_no_damage_but_another_image_may_be() -> None:
    for kind in ("PNG", "GIF", "WEBP", "TIFF", "BMP"):
        assert load_image(encode(kind) + b"\0" * 9).width == 50
    with pytest.raises(InputError, match="6003 bytes of samples, not 6000"):
        load_image(encode("PPM") + b"P6\n")
    assert load_image(encode("PPM") + b"\n").width == 50


@pytest.mark.parametrize("run", [1, 2, 60, 64, 200])
def test_a_gif_that_clears_its_table_often_is_unpacked_as_well(run: int) -> None:
    # A writer without a table: codes of single pixels, and a clear code after each run of them.
    pixels = list(RGB[:, :, 0].ravel() // 2)
    fields: list[tuple[int, int]] = []
    place = 0
    for number, pixel in enumerate(pixels):
        if number % run == 0:
            fields.append((128, (129 + max(place, 1)).bit_length()))
            place = 0
        fields.append((int(pixel), (129 + max(place, 1)).bit_length()))
        place += 1
    fields.append((129, (129 + max(place, 1)).bit_length()))
    held = count = 0
    for value, width in fields:
        held |= value << count
        count += width
    packed = held.to_bytes(-(-count // 8), "little")
    assert unpacked_length(packed, 7, len(pixels)) == len(pixels)
    file = b"GIF89a" + struct.pack("<HHBBB", 50, 40, 0xF6, 0, 0) + bytes(384)
    blocks = (packed[at : at + 255] for at in range(0, len(packed), 255))
    data = b"".join(bytes([len(block)]) + block for block in blocks)
    whole = file + b"," + struct.pack("<HHHHB", 0, 0, 50, 40, 0) + b"\7" + data + b"\0;"
    assert load_image(whole).width == 50
    with PILImage.open(io.BytesIO(whole)) as picture:
        assert np.asarray(picture).ravel().tolist() == pixels
