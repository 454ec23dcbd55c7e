"""What to believe of many tests."""

from __future__ import annotations

import math

import pytest

from msds.study import statistics as ours


def test_holm_gives_the_textbook_adjustment() -> None:
    # p = .01 .04 .03 .005 -> sorted .005 .01 .03 .04 times 4 3 2 1, made monotone.
    assert ours.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert ours.holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert ours.holm([]) == []
    # A test that does not exist takes no part.
    assert ours.holm([0.01, math.nan, 0.04])[::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(ours.holm([0.01, math.nan])[1])
