"""Charts: marks that differ, scales at round values, nothing lost."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msds.report.charts import Histogram, Line, Lines, Scatter
from msds.report.charts.base import (
    COLOURS,
    DASHES,
    Canvas,
    Scale,
    spanning,
    text_width,
    tick_texts,
)
from msds.report.charts.marks import SHAPES, mark
from msds.report.markup import score_bar


def test_no_two_of_seventy_kinds_share_colour_and_mark() -> None:
    seen = {(index % COLOURS, mark(index, 0, 0, 5)) for index in range(70)}
    assert len(seen) == 70


def test_lines_of_the_same_colour_differ_in_mark_and_dash_for_grey_prints() -> None:
    assert len({mark(index, 0, 0, 5) for index in range(COLOURS)}) == COLOURS
    assert len(SHAPES) % COLOURS != 0
    assert len(set(DASHES)) == len(DASHES)


@given(
    st.floats(-1e3, 1e3), st.floats(1e-3, 1e6), st.floats(60, 900), st.sampled_from([44.0, 70.0])
)
def test_ticks_are_round_and_within_the_scale_and_not_too_close(
    low: float, span: float, length: float, gap: float
) -> None:
    scale = Scale(low, low + span, 0.0, length)
    ticks = scale.ticks(gap)
    assert all(low - 1e-6 * span <= tick <= low + span + 1e-6 * span for tick in ticks)
    steps = np.diff([scale(tick) for tick in ticks])
    assert (steps >= gap * (1 - 1e-6)).all()
    for step in np.diff(ticks)[:1]:
        power = 10.0 ** math.floor(math.log10(step) + 1e-6)
        assert any(step == pytest.approx(m * power, rel=1e-3) for m in (1, 2, 5, 10))


def test_ticks_are_written_with_the_decimals_that_tell_them_apart() -> None:
    assert tick_texts([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert tick_texts([-0.0, 20.0, 40.0]) == ["0", "20", "40"]
    assert tick_texts([0.985, 0.99]) == ["0.985", "0.990"]


def test_a_scale_of_equal_or_no_values_has_two_ends() -> None:
    assert spanning([2.0, 2.0]) == (1.0, 3.0)
    assert spanning([math.nan, math.inf]) == (0.0, 1.0)


@given(st.lists(st.floats(-0.2, 1.0), max_size=60), st.integers(5, 50))
def test_a_histogram_counts_every_value_once(values: list[float], most: int) -> None:
    chart = Histogram(values, 1.0, "score", most)
    assert sum(chart.counts()) == len(values)
    edges = np.array(chart.edges)
    step = edges[1] - edges[0]
    # By rounding, a value on an edge may count on either side of it.
    on_an_edge = sum(np.abs(edges - value).min() <= 1e-6 * step for value in values)
    expected, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
    assert np.abs(np.array(chart.counts()) - expected).sum() <= 2 * on_an_edge
    assert chart.edges[-1] == pytest.approx(1.0)
    assert len(chart.edges) <= most + 3


def test_values_below_an_axis_lie_within_the_drawing() -> None:
    canvas = Canvas(300, 200, left=4, right=4, top=10, bottom=50)
    canvas.x_axis(canvas.x(0.0, 0.001), "change of the score")
    placed = re.findall(r'<text x="([^"]+)"[^>]*class="tick"[^>]*>([^<]+)<', canvas.svg())
    assert len(placed) > 1
    for x, text in placed:
        assert float(x) - text_width(text) / 2 >= 0
        assert float(x) + text_width(text) / 2 <= 300


def test_a_scatter_places_a_mark_where_its_scales_say() -> None:
    drawn = Scatter({"a": ([0.0, 1.0], [0.0, 10.0])}, "x", "y").svg(640)
    path = re.search(r'class="mark k0" data-kind="0" d="([^"]+)"', drawn)
    assert path is not None
    starts = [tuple(map(float, s.split())) for s in re.findall(r"M([\d.]+ [\d.]+)a", path[1])]
    (x0, y0), (x1, y1) = starts
    axis = re.search(r'class="axis" d="M([\d.]+) ([\d.]+)H([\d.]+)"', drawn)
    assert axis is not None
    left, base, right = map(float, axis.groups())
    # Values lie within a frame that has 4 % of their range more on each side; marks have a radius.
    room = 0.04 / 1.08
    assert x0 + 4.5 == pytest.approx(left + room * (right - left), abs=0.2)
    assert x1 + 4.5 == pytest.approx(right - room * (right - left), abs=0.2)
    assert y0 == pytest.approx(base - room * (base - 30), abs=0.2)
    assert y1 == pytest.approx(30 + room * (base - 30), abs=0.2)


def test_bars_are_full_at_one_and_empty_at_their_lower_end() -> None:
    assert 'class="fill" width="100.0%"' in score_bar(1.0, 0.5)
    assert 'class="fill" width="50.0%"' in score_bar(0.75, 0.5)
    assert 'class="fill" width="0.0%"' in score_bar(0.25, 0.5)


def _pointed(lines: dict[str, Line]) -> list[float]:
    """Where on the axis of x the points are, line by line."""
    drawn = Lines(lines, "x", "y").svg(600)
    return [float(place) for place in re.findall(r'<circle cx="([\d.-]+)"', drawn)]


def test_lines_are_drawn_at_their_own_places_unless_all_have_the_same() -> None:
    def line(*places: float) -> Line:
        heights = [1.0 + place for place in places]
        return Line(places, heights, heights, heights, ["told"] * len(places))

    apart = _pointed({"a": line(0, 1), "b": line(0, 2)})
    assert apart[0] == apart[2]
    alike = _pointed({"a": line(0, 1), "b": line(0, 1)})
    assert alike[0] != alike[2], "intervals would lie upon each other"
