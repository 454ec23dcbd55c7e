"""Simulated sets on which two metrics are equally good: tests reject as rarely as they say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.false_alarms import Design, false_alarms, simulate
from msds.study import statistics as ours

pytest.importorskip("scipy")

SETS = 300
# Three binomial deviations around 5 % of 300 sets.
NEAR = pytest.approx(0.05, abs=0.038)


@pytest.mark.slow
def test_equal_metrics_are_told_apart_in_five_per_cent_of_sets_with_five_references() -> None:
    # Content effects: what a metric gets wrong, it gets wrong in all pairs of a reference.
    found = false_alarms(Design("few", (5,) * 5, 0.5, 0.5), SETS, 40)
    assert found["SRCC over references"] == NEAR
    assert found["residuals over references"] == NEAR
    # What decided before.
    assert found["Williams"] > 0.12


@pytest.mark.slow
def test_equal_metrics_are_told_apart_in_five_per_cent_of_sets_with_a_dozen_ladders() -> None:
    found = false_alarms(Design("ladders", (4,) * 3, by_ladder=0.8), SETS, 40)
    assert "SRCC over references" not in found
    assert found["SRCC over ladders"] == NEAR
    assert found["residuals over ladders"] == NEAR
    assert found["Williams"] > 0.1


@pytest.mark.slow
def test_one_reference_with_most_pairs_leaves_the_decision_to_ladders() -> None:
    found = false_alarms(Design("lopsided", (24, *(1,) * 13), by_ladder=0.8), SETS, 40)
    assert "SRCC over references" not in found
    assert found["SRCC over ladders"] == NEAR


def test_the_paired_test_of_residuals_keeps_its_level_where_the_f_test_never_rejects() -> None:
    design = Design("independent", (1,) * 60)
    random = np.random.default_rng(5)
    rejected = {"F": 0, "Pitman-Morgan": 0}
    for _ in range(800):
        data = simulate(random, design)
        residuals = (data.first - data.opinions, data.second - data.opinions)
        rejected["F"] += ours.residual_f_test(*residuals).p_value < 0.05
        rejected["Pitman-Morgan"] += ours.pitman_morgan_test(*residuals).p_value < 0.05
    assert rejected["Pitman-Morgan"] / 800 == pytest.approx(0.05, abs=0.023)
    assert rejected["F"] / 800 < 0.015


@pytest.mark.slow
def test_intervals_over_five_references_cover_the_truth_as_often_as_they_say() -> None:
    design = Design("few", (5,) * 5, 0.4, 0.4)
    many = simulate(np.random.default_rng(0), Design("many", (5,) * 4000, 0.4, 0.4))
    truth = ours.spearman(many.first, many.opinions)
    random = np.random.default_rng(3)
    hits = 0
    for number in range(SETS):
        data = simulate(random, design)
        samples = ours.reference_resamples(data.references, 60, number)
        drawn = np.array([ours.spearman(data.first[s], data.opinions[s]) for s in samples])
        value = ours.spearman(data.first, data.opinions)
        interval = ours.bootstrap_interval(value, drawn, samples.units, "correlation")
        hits += interval.low <= truth <= interval.high
    assert hits / SETS == pytest.approx(0.95, abs=0.038)
