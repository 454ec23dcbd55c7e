"""The levels of an image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpers import oracle
from msds.errors import InputError
from msds.method.pyramid import FILTERS, MAX_LEVELS, minimum_side, possible_levels, pyramid


def test_the_average_filter_is_the_mean_of_two_by_two_pixels_and_drops_odd_rows() -> None:
    image = torch.rand(1, 1, 9, 13, dtype=torch.float64)
    expected = image[0, 0].tolist()
    for level in pyramid(image, 3):
        assert level[0, 0].tolist() == pytest.approx(np.array(expected), abs=1e-12)
        expected = oracle.halve(expected)


@pytest.mark.parametrize("filter", FILTERS)
@given(height=st.integers(8, 70), width=st.integers(8, 70))
def test_every_level_has_half_the_size_rounded_down(filter: str, height: int, width: int) -> None:
    levels = pyramid(torch.rand(1, 3, height, width), 4, filter)
    assert [tuple(x.shape[-2:]) for x in levels] == [(height >> k, width >> k) for k in range(4)]


@pytest.mark.parametrize("filter", FILTERS)
def test_every_filter_keeps_a_constant_image(filter: str) -> None:
    for level in pyramid(torch.full((2, 3, 37, 50), 0.3), 4, filter):
        torch.testing.assert_close(level, torch.full_like(level, 0.3))


@pytest.mark.parametrize("filter", [f for f in FILTERS if f != "stride"])
def test_every_real_filter_takes_out_what_every_second_pixel_would_alias(filter: str) -> None:
    stripes = torch.zeros(1, 1, 64, 64)
    stripes[..., ::2] = 1
    assert pyramid(stripes, 2, filter)[1][..., 8:24, 8:24].std() < 0.02
    assert pyramid(stripes, 2, "stride")[1].mean() == 1


@pytest.mark.parametrize(
    ("filter", "resample"),
    [("bicubic", Image.Resampling.BICUBIC), ("lanczos", Image.Resampling.LANCZOS)],
)
def test_bicubic_and_lanczos_equal_pillow_away_from_the_border(filter: str, resample: int) -> None:
    image = np.random.default_rng(0).random((64, 80)).astype(np.float32)
    ours = pyramid(torch.from_numpy(image)[None, None], 2, filter)[1][0, 0].numpy()
    theirs = np.asarray(Image.fromarray(image).resize((40, 32), resample))
    np.testing.assert_allclose(ours[8:-8, 8:-8], theirs[8:-8, 8:-8], atol=2e-6)


@pytest.mark.parametrize(
    ("side", "levels"), [(15, 0), (16, 1), (31, 1), (32, 2), (128, 4), (127, 3)]
)
def test_the_possible_levels_leave_one_position_on_the_smallest(side: int, levels: int) -> None:
    assert possible_levels(side, 1000, 16) == levels
    if levels:
        assert minimum_side(levels, 16) <= side < minimum_side(levels + 1, 16)


@pytest.mark.parametrize(
    ("levels", "filter", "message"),
    [(0, "average", "1 to 12; got 0"), (MAX_LEVELS + 1, "average", "got 13"), (2, "box", "'box'")],
)
def test_wrong_settings_are_refused(levels: int, filter: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pyramid(torch.zeros(1, 3, 64, 64), levels, filter)


def test_an_image_without_pixels_for_the_levels_is_refused() -> None:
    with pytest.raises(InputError, match="at least 8 pixels a side; got 64 x 7"):
        pyramid(torch.zeros(1, 3, 7, 64), 4)
