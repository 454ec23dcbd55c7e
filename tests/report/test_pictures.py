"""Pictures for pages, made smaller in one place."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from msds.report.pictures import within


@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 400))
def test_a_picture_fits_and_keeps_its_proportions(width: int, height: int, longest: int) -> None:
    picture = Image.new("L", (width, height))
    found = within(picture, longest)
    if max(width, height) <= longest:
        assert found is picture
        return
    assert max(found.size) == longest
    scale = longest / max(width, height)
    expected = [max(1.0, side * scale) for side in (width, height)]
    np.testing.assert_allclose(found.size, expected, atol=0.5)


def test_a_smaller_picture_keeps_its_mean_and_has_no_pattern_of_every_second_pixel() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 200
    found = np.asarray(within(Image.fromarray(stripes), 16), dtype=np.float64)
    # Away from the border, what is finer than the new pixels is gone: every value is the mean.
    np.testing.assert_allclose(found[:, 4:-4], 100, atol=2)
