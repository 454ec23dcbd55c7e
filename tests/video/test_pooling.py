"""Pooled scores against their definitions."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from msds.video import pooled


def test_pooled_scores_are_what_they_are_called() -> None:
    scores = list(np.random.default_rng(0).uniform(0.2, 1, 101))
    found = pooled([k / 25 for k in range(101)], scores)
    ordered = sorted(scores)
    assert found["mean"] == pytest.approx(statistics.fmean(scores))
    assert found["harmonic_mean"] == pytest.approx(
        statistics.harmonic_mean([s + 1 for s in scores]) - 1
    )
    assert (found["min"], found["max"]) == (ordered[0], ordered[-1])
    assert [found[f"perc{k}"] for k in (1, 5, 10)] == pytest.approx(
        [ordered[k] for k in (1, 5, 10)]
    )


def test_the_worst_second_is_the_lowest_mean_of_the_frames_of_a_second() -> None:
    rate = 10
    times = [k / rate for k in range(50)]
    scores = [0.9] * 50
    scores[20:30] = [0.5] * 10
    scores[40] = 0.0  # a single bad frame is no bad second
    found = pooled(times, scores)
    assert found["worst_second"] == pytest.approx(0.5)
    assert found["worst_second_at"] == 2.0
    means = [statistics.fmean(scores[k : k + rate]) for k in range(41)]
    assert found["worst_second"] == pytest.approx(min(means))


def test_frames_of_variable_rate_belong_to_the_seconds_they_begin_in() -> None:
    times = [0.0, 0.1, 0.2, 1.5, 2.0, 2.4, 3.6]
    scores = [0.9, 0.8, 0.9, 0.3, 0.7, 0.5, 0.9]
    found = pooled(times, scores)
    assert found["worst_second"] == pytest.approx((0.3 + 0.7 + 0.5) / 3)
    assert found["worst_second_at"] == 1.5


def test_of_less_than_a_second_it_is_the_mean() -> None:
    assert pooled([0.0, 0.5], [0.4, 0.6])["worst_second"] == pytest.approx(0.5)
    assert pooled([3.0], [0.4])["worst_second_at"] == 3.0
