"""Pixels of frames against the equations of BT.601, BT.709 and BT.2020, in double precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from helpers.clips import picture, scene, write_clip
from msds.errors import InputError
from msds.images import load_image
from msds.images.video import Coding, open_clip
from msds.images.video.chroma import enlarged
from msds.images.video.planes import pixels_of

MATRICES = {
    "BT.601": (6, 0.299, 0.114),
    "BT.709": (1, 0.2126, 0.0722),
    "BT.2020": (9, 0.2627, 0.0593),
}
LAYOUTS = {8: "yuv444p", 10: "yuv444p10le", 12: "yuv444p12le"}

Doubles = npt.NDArray[np.float64]


def codes(bits: int, seed: int = 3) -> list[npt.NDArray[np.uint16 | np.uint8]]:
    """Y', Cb and Cr of any value that the bits can hold."""
    kind = np.uint8 if bits == 8 else np.uint16
    generator = np.random.default_rng(seed)
    return [generator.integers(0, 2**bits, (16, 32)).astype(kind) for _ in range(3)]


def formula(planes: list[Doubles], bits: int, full: bool, kr: float, kb: float) -> Doubles:
    """R'G'B' of BT.601-7, BT.709-6, BT.2020-2: quantization, and E'R = E'Y + 2 (1 - KR) E'CR."""
    step = 2 ** (bits - 8)
    y, cb, cr = planes
    if full:
        most = 2**bits - 1
        ey, eb, er = y / most, (cb - 2 ** (bits - 1)) / most, (cr - 2 ** (bits - 1)) / most
    else:
        ey, eb, er = (
            (p / step - o) / s for p, o, s in ((y, 16, 219), (cb, 128, 224), (cr, 128, 224))
        )
    red, blue = ey + 2 * (1 - kr) * er, ey + 2 * (1 - kb) * eb
    green = (ey - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.stack([red, green, blue]), 0, 1)


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("bits", LAYOUTS)
@pytest.mark.parametrize("matrix", MATRICES)
def test_pixels_are_those_of_the_equations(
    tmp_path: Path, matrix: str, bits: int, full: bool
) -> None:
    number, kr, kb = MATRICES[matrix]
    planes = codes(bits)
    colour = {"colorspace": number, "color_range": 2 if full else 1}
    path = write_clip(
        tmp_path / "clip.mkv", [planes], codec="ffv1", layout=LAYOUTS[bits], colour=colour
    )
    clip = open_clip(path)
    (frame,) = clip.frames()
    expected = formula([p.astype(np.float64) for p in planes], bits, full, kr, kb)
    np.testing.assert_allclose(clip.image(frame).pixels.numpy(), expected, atol=2e-6)


def test_limited_and_full_range_of_the_same_picture_give_nearly_the_same_pixels(
    tmp_path: Path,
) -> None:
    y, cb, cr = scene(1)[0]
    wide = [(y.astype(float) - 16) * 255 / 219, *((c - 128.0) * 255 / 224 + 128 for c in (cb, cr))]
    full = [np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in wide]
    found = []
    for name, planes, code in (("limited", [y, cb, cr], 1), ("full", full, 2)):
        path = write_clip(tmp_path / f"{name}.mp4", [planes], colour={"color_range": code})
        clip = open_clip(path)
        found.append(clip.image(next(clip.frames())).pixels)
    assert (found[0] - found[1]).abs().max() < 3 / 255


def test_a_clip_of_standard_size_that_states_nothing_is_bt_601_and_a_large_one_bt_709() -> None:
    assert Coding().settled(720, 576) == Coding(6)
    assert Coding().settled(1280, 536) == Coding(1)
    assert Coding().settled(720, 578) == Coding(1)
    assert Coding(9, True).settled(1920, 1080) == Coding(9, True)


def test_what_a_clip_does_not_state_is_as_assumed() -> None:
    assert Coding(2, True).over(Coding(9, False, 9, 14)) == Coding(9, True, 9, 14)


@pytest.mark.parametrize("factor", [2, 4])
def test_chroma_is_interpolated_between_the_places_of_its_samples(factor: int) -> None:
    chroma = np.random.default_rng(0).normal(size=(5, 7))
    height, width = 2 * 5 - 1, factor * 7 - 1  # odd sizes lack the last
    across = np.stack([np.interp(np.arange(width), factor * np.arange(7), row) for row in chroma])
    expected = np.stack(
        [np.interp(np.arange(height), 2 * np.arange(5) + 0.5, column) for column in across.T]
    ).T
    found = enlarged(torch.from_numpy(chroma), height, width)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_ffmpegs_own_conversion_says_much_the_same(tmp_path: Path) -> None:
    clip = open_clip(write_clip(tmp_path / "a.mkv", scene(1)))
    (frame,) = clip.frames()
    theirs = frame.picture.to_ndarray(format="rgb24").transpose(2, 0, 1) / 255
    difference = np.abs(clip.image(frame).pixels.numpy() - theirs)
    assert np.median(difference) < 2 / 255  # in 8 bits, and it repeats chroma, which tells at edges


@pytest.mark.parametrize("layout", ["bgr0", "bgra", "gbrp", "gbrp10le", "gbrp12le", "rgb48le"])
def test_rgb_is_taken_as_it_is(tmp_path: Path, layout: str) -> None:
    bits = {"gbrp10le": 10, "gbrp12le": 12, "rgb48le": 16}.get(layout, 8)
    kind = np.uint8 if bits == 8 else np.uint16
    rgb = np.random.default_rng(1).integers(0, 2**bits, (16, 24, 3)).astype(kind)
    if layout.startswith("gbr"):
        planes = [rgb[..., 1], rgb[..., 2], rgb[..., 0]]
    elif layout == "rgb48le":
        planes = [rgb.reshape(16, -1)]
    else:
        filled = np.concatenate([rgb[..., ::-1], np.full((16, 24, 1), 255, np.uint8)], axis=2)
        planes = [filled.reshape(16, -1)]
    frame = picture(planes, layout, 24)
    colour, _ = pixels_of(frame, Coding().settled(24, 16), "clip")
    np.testing.assert_allclose(colour.permute(1, 2, 0).numpy(), rgb / (2**bits - 1), atol=1e-7)


def test_samples_that_are_only_laid_out_otherwise_give_the_same_pixels() -> None:
    planes = scene(1)[0]
    plain = picture(planes, "yuv420p")
    woven = picture([planes[0], np.stack(planes[1:], -1).reshape(40, -1)], "nv12", 96)
    coding = Coding().settled(96, 80)
    first, second = (pixels_of(frame, coding, "clip")[0] for frame in (plain, woven))
    assert torch.equal(first, second)


def test_wider_primaries_become_srgbs_as_those_of_an_image_do(tmp_path: Path) -> None:
    planes = codes(8)
    path = write_clip(
        tmp_path / "a.mkv",
        [planes],
        codec="ffv1",
        layout="yuv444p",
        colour={"colorspace": 9, "color_primaries": 9, "color_range": 1, "color_trc": 14},
    )
    clip = open_clip(path)
    image = clip.image(next(clip.frames()))
    rgb = formula([p.astype(np.float64) for p in planes], 8, False, 0.2627, 0.0593)
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    # BT.2087: from linear BT.2020 to BT.709.
    matrix = np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    )
    linear = np.clip(np.einsum("ij,jhw->ihw", matrix, light), 0, 1)
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(image.pixels.numpy(), expected, atol=2e-3)
    assert "BT.2020 primaries converted to sRGB" in image.notes


def test_pq_needs_to_be_told_how_it_is_shown(tmp_path: Path) -> None:
    planes = codes(10)
    colour = {"colorspace": 9, "color_primaries": 9, "color_trc": 16, "color_range": 1}
    path = write_clip(
        tmp_path / "a.mkv", [planes], codec="ffv1", layout="yuv444p10le", colour=colour
    )
    with pytest.raises(InputError, match=r"a\.mkv: the file states the PQ transfer function; say"):
        open_clip(path)
    clip = open_clip(path, transfer="pq:203")
    found = clip.image(next(clip.frames()))
    rgb = formula([p.astype(np.float64) for p in planes], 10, False, 0.2627, 0.0593)
    # What BT.2020's primaries and PQ mean, the room of images knows: it is told of both here.
    same = load_image(rgb.transpose(1, 2, 0).astype(np.float32), transfer="pq:203")
    np.testing.assert_allclose(found.pixels.numpy(), same.pixels.numpy(), atol=1e-4)
    assert "203 cd/m2 shown as white" in found.notes[0]


def test_a_matrix_that_is_not_read_is_named() -> None:
    frame = picture(scene(1)[0], "yuv420p")
    with pytest.raises(InputError, match="clip: the colour matrix is number 14 of ITU-T H.273"):
        pixels_of(frame, Coding(14, False), "clip")
