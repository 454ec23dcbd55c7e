"""Transfer functions and primaries, against the values their standards publish."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msds.errors import InputError
from msds.images import load_image
from msds.images.transfer import (
    BT2020_PRIMARIES,
    SRGB_PRIMARIES,
    hlg_to_light,
    light_to_srgb,
    parse_transfer,
    pq_to_light,
    primaries_matrix,
    srgb_to_light,
)


@pytest.mark.parametrize(
    ("code", "luminance"),
    [(0.0, 0.0), (0.5081, 100.0), (0.5807, 203.0), (0.7518, 1000.0), (1, 1e4)],
)
def test_pq_gives_the_luminances_of_itu_r_bt_2408(code: float, luminance: float) -> None:
    assert pq_to_light(np.array(code)) == pytest.approx(luminance, rel=2e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("code", "luminance"), [(0.0, 0.0), (0.38, 26.0), (0.75, 203.0), (1, 1000)]
)
def test_hlg_gives_the_luminances_of_itu_r_bt_2408_on_a_1000_nit_display(
    code: float, luminance: float
) -> None:
    light = hlg_to_light(np.full((1, 1, 3), code), 1000.0)
    assert light[0, 0, 1] == pytest.approx(luminance, rel=0.02, abs=1e-6)


def test_srgb_there_and_back_is_the_identity() -> None:
    code = np.linspace(0, 1, 4097)
    np.testing.assert_allclose(light_to_srgb(srgb_to_light(code)), code, atol=1e-7)
    assert srgb_to_light(np.array(0.5)) == pytest.approx(0.21404, abs=1e-5)


def test_primaries_matrix_is_that_of_itu_r_bt_2087() -> None:
    to_2020 = primaries_matrix(SRGB_PRIMARIES, BT2020_PRIMARIES)
    published = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
    np.testing.assert_allclose(to_2020, published, atol=6e-5)


def test_primaries_matrix_keeps_white_white() -> None:
    dci = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351)
    np.testing.assert_allclose(primaries_matrix(dci, SRGB_PRIMARIES).sum(axis=1), 1, atol=1e-12)


def test_linear_light_is_divided_by_its_peak_and_encoded() -> None:
    image = load_image(np.array([[0.0, 0.5, 4.0]]), transfer="linear:4")
    assert image.pixels[0, 0].tolist() == pytest.approx([0, 0.3885728, 1], abs=1e-6)
    assert "linear samples divided by 4 and encoded as sRGB" in image.notes
    assert "values outside the display range clipped" not in image.notes


def test_what_is_brighter_than_the_peak_or_negative_is_clipped_and_noted() -> None:
    image = load_image(np.array([[-0.5, 9.0]]), transfer="linear:4")
    assert image.pixels[0, 0].tolist() == [0, 1]
    assert image.notes[-1] == "values outside the display range clipped"


def test_pq_white_of_the_chosen_peak_becomes_one() -> None:
    code = np.array([[0.75182709]])  # 1000 cd/m2
    assert float(load_image(code, transfer="pq").pixels.max()) == pytest.approx(1, abs=1e-4)
    darker = load_image(code, transfer="pq:4000").pixels
    assert float(darker[0]) == pytest.approx(1.055 * 0.25 ** (1 / 2.4) - 0.055, abs=1e-4)


def test_hlg_peak_white_becomes_one_on_any_display() -> None:
    for transfer in ("hlg", "hlg:400", "hlg:2000"):
        assert float(load_image(np.ones((1, 1)), transfer=transfer).pixels.min()) == pytest.approx(
            1
        )


def test_tensor_and_array_are_shown_alike() -> None:
    array = np.random.default_rng(0).random((5, 6, 3)).astype(np.float32) * 3
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    for transfer in ("linear:2", "linear:3"):
        from_array = load_image(array, transfer=transfer)
        from_tensor = load_image(tensor, transfer=transfer)
        assert torch.equal(from_array.pixels, from_tensor.pixels)
        assert from_array.notes == from_tensor.notes


def test_srgb_transfer_changes_nothing() -> None:
    array = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    assert torch.equal(load_image(array, transfer="srgb").pixels, load_image(array).pixels)


@pytest.mark.parametrize(
    "text",
    [
        "linear",
        "linear:",
        "linear:0",
        "linear:-1",
        "linear:inf",
        "pq:20000",
        "pq:x",
        "srgb:2",
        "PQ",
        "hlg:nan",
    ],
)
def test_unknown_transfers_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected 'srgb', 'pq', 'pq:PEAK'"):
        parse_transfer(text)


def test_floats_above_one_need_a_linear_transfer() -> None:
    for transfer in ("srgb", "pq", "hlg"):
        with pytest.raises(InputError, match=r"run from 0 to 2; .*\[0, 1\]"):
            load_image(np.array([[0.0, 2.0]]), transfer=transfer)
