"""Plots of studies: readable in print, in grey, and by the colour-blind."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")


def test_no_two_kinds_share_colour_and_mark() -> None:
    from msds.study.pages.drawing import style

    seen = {tuple(sorted(style(index).items())) for index in range(70)}
    assert len(seen) == 70


def test_the_colours_of_lines_differ_in_lightness_or_mark_for_grey_prints() -> None:
    from msds.study.pages.drawing import COLOURS, MARKERS

    assert len(set(COLOURS)) == len(COLOURS)
    assert len(set(MARKERS[: len(COLOURS)])) == len(COLOURS)


def test_plots_are_pngs_of_readable_size() -> None:
    from io import BytesIO

    from PIL import Image

    from msds.study.pages import plots
    from msds.study.statistics import Interval

    drawn = plots.intervals({"a": (0.9, Interval(0.8, 0.95)), "b": (0.5, None)}, "SRCC", "title")
    picture = Image.open(BytesIO(drawn))
    assert picture.format == "PNG"
    assert picture.width >= 1000
