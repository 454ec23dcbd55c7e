"""Files of floating-point samples, and the transfer they need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers import icc
from helpers.image_files import DEEP, close, exr, imagecodecs, tiff
from msds.errors import InputError
from msds.images import load_image


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


@pytest.mark.parametrize(
    ("word", "other", "shown"),
    [
        (b"scanlineimage", b"scan\n\x1bneimage", r"holds a scan\n\x1bneimage; expected rows"),
        (b"Blue\0", b"Bl\n\x1b\0", r"has the channels Bl\n\x1b; expected R, G, B"),
    ],
)
def test_words_of_an_openexr_file_are_shown_in_one_line(
    tmp_path: Path, word: bytes, other: bytes, shown: str
) -> None:
    path = exr(tmp_path / "a.exr", {"Blue": np.zeros((4, 4), np.float32)})
    data = path.read_bytes()
    assert word in data
    path.write_bytes(data.replace(word, other))
    with pytest.raises(InputError) as error:
        load_image(path, transfer="linear:1")
    assert shown in str(error.value)


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
