"""Curves in one number, against closed forms: scores linear in the logarithm of the rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from msds.errors import InputError
from msds.sweeps.bjontegaard import METHODS, Curve, Method, delta, mean_of
from msds.sweeps.comparison import Comparison, matched
from msds.sweeps.points import LEAD, Point
from msds.sweeps.tables import images_table, matched_table, savings, settings_table, versus_table

pytest.importorskip("bjontegaard")
SLOPE = 0.05


def curve(
    codec: str, image: str, factor: float = 1.0, *, lift: float = 0.0, low: float = 0.1
) -> list[Point]:
    """Points at rates low * factor * 2^k whose score is 0.8 + SLOPE * ln(rate / factor) + lift."""
    points = []
    for k in range(6):
        rate = low * factor * 2**k
        score = 0.8 + SLOPE * math.log(rate / factor) + lift
        points.append(
            Point(
                image,
                codec,
                10 * k + 10,
                round(1e6 * rate),
                rate,
                {LEAD: score, "psnr": 99 * score},
            )
        )
    return points


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("factor", [0.69, 1.0, 1.5])
def test_bd_rate_and_bd_quality_are_those_of_the_closed_form(method: Method, factor: float) -> None:
    anchor, test = Curve.of(curve("a", "x"), LEAD), Curve.of(curve("b", "x", factor), LEAD)
    found = delta(anchor, test, method)
    assert found.percent == pytest.approx(100 * (factor - 1), abs=1e-6)
    assert found.quality == pytest.approx(-SLOPE * math.log(factor), abs=1e-9)
    assert found.overlap == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_an_encoder_against_itself_differs_by_nothing(method: Method) -> None:
    random = np.random.default_rng(3)
    rates, scores = np.sort(random.uniform(0.1, 3, 9)), np.sort(random.uniform(0.5, 1, 9))
    one = Curve(tuple(rates), tuple(scores))
    found = delta(one, one, method)
    assert (found.log_rate, found.quality, found.overlap) == (0, 0, 1)


def test_what_one_saves_the_other_costs() -> None:
    random = np.random.default_rng(4)
    a, b = (
        Curve(tuple(np.sort(random.uniform(0.1, 3, 8))), tuple(np.sort(random.uniform(0.5, 1, 8))))
        for _ in range(2)
    )
    assert delta(a, b).log_rate == pytest.approx(-delta(b, a).log_rate, abs=1e-9)


def test_curves_without_anything_in_common_give_no_number_and_say_so() -> None:
    anchor = Curve.of(curve("a", "x"), LEAD)
    above = delta(anchor, Curve.of(curve("b", "x", lift=0.5), LEAD))
    assert math.isnan(above.percent)
    assert above.problem == "the curves have no score in common"
    beside = Curve(tuple(100 * r for r in anchor.rates), anchor.scores)
    assert delta(anchor, beside).problem == "the curves have no rate in common"
    short = Curve(anchor.rates[:3], anchor.scores[:3])
    assert "3 rising points of this encoder" in delta(anchor, short).problem
    single = Curve(anchor.rates[:1], anchor.scores[:1])
    assert "1 rising point of this encoder" in delta(anchor, single).problem


def test_points_that_cost_more_and_are_no_better_are_left_out() -> None:
    points = curve("a", "x")
    worse = Point("x", "a", 99, 5, points[2].rate * 1.1, {LEAD: points[2].scores[LEAD] - 0.001})
    found = Curve.of([*points, worse], LEAD)
    assert found == Curve(
        tuple(p.rate for p in points), tuple(p.scores[LEAD] for p in points), dropped=1
    )


def test_the_interval_of_a_mean_is_that_of_students_t() -> None:
    values = np.random.default_rng(5).normal(0.2, 0.1, 24)
    found = mean_of(list(values), resamples=20000)
    half = stats.t.ppf(0.975, 23) * values.std(ddof=1) / math.sqrt(24)
    assert found.value == pytest.approx(values.mean(), abs=1e-12)
    assert found.high - found.value == pytest.approx(half, rel=0.02)
    assert math.isnan(mean_of([0.3]).low)
    assert math.isnan(mean_of([math.nan]).value)


def many(factors: dict[str, float]) -> list[Point]:
    found = []
    for image, factor in factors.items():
        found += curve("jpeg", image) + curve("avif", image, factor)
    return found


def test_the_mean_over_images_is_that_of_the_ratios_and_has_an_interval() -> None:
    comparison = Comparison(many({"x": 0.5, "y": 0.8, "z": 1.1}), "jpeg", ["psnr"])
    by_score, by_psnr = comparison.versus
    expected = 100 * ((0.5 * 0.8 * 1.1) ** (1 / 3) - 1)
    assert by_score.rate().value == pytest.approx(expected, abs=1e-6)
    assert by_psnr.rate().value == pytest.approx(expected, abs=1e-6)
    assert by_score.rate().low < expected < by_score.rate().high
    (row, _) = versus_table(comparison).rows
    assert row[:3] == ["avif", "score", 3]


def test_the_anchor_against_itself_is_not_among_the_rows() -> None:
    assert Comparison(many({"x": 0.5}), "jpeg").others == ["avif"]
    with pytest.raises(InputError, match="no scores of the anchor 'webp': found jpeg, avif"):
        Comparison(many({"x": 0.5}), "webp")


def test_images_without_a_number_are_counted_with_their_reason() -> None:
    points = many({"x": 0.5, "y": 0.5}) + curve("jpeg", "z") + curve("avif", "z", lift=0.5)
    comparison = Comparison(points, "jpeg")
    assert comparison.versus[0].images == 2
    note = versus_table(comparison).note
    assert "avif by score: 1 image without a number, the curves have no score in common." in note
    assert [row[1] for row in images_table(comparison).rows if row[0] == "z"] == [None]


def test_the_match_is_the_cheapest_setting_that_is_as_good() -> None:
    # At twice the factor of two the scores of a setting are those of the setting before.
    comparison = Comparison(many({"x": 0.5, "y": 0.5}), "jpeg")
    found = matched(comparison, "avif", 30)
    assert found is not None
    assert found.test[0].quality == 30
    assert found.saved == pytest.approx(0.5, abs=1e-4)
    (row,) = matched_table(comparison, 30).rows
    assert row[:3] == ["avif", "30", 2]
    with pytest.raises(InputError, match="jpeg was not swept at 31"):
        matched(comparison, "avif", 31)


def test_the_images_that_do_not_save_are_counted() -> None:
    comparison = Comparison(many({"x": 0.5, "y": 1.25}), "jpeg")
    found = savings(comparison, "avif", 30)
    assert found == pytest.approx({"x": 0.5, "y": -0.25}, abs=1e-6)
    assert matched_table(comparison, 30).rows[0][-1] == 1
    assert matched_table(comparison, 30).rows[0][-2].value == pytest.approx(12.5, abs=1e-4)


def test_scores_that_fall_at_a_higher_rate_are_counted() -> None:
    scores = {10: 0.8, 20: 0.7, 30: 0.9, 40: 0.875}
    points = [Point("x", "jpeg", q, q, q / 10, {LEAD: score}) for q, score in scores.items()]
    assert (
        "the score falls 2 times of 3, by 0.1000 at most." in settings_table(points, [], "m").note
    )
    assert "falls" not in settings_table(points[:1], [], "m").note
