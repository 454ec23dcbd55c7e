"""Differences and intervals over resampled references."""

from __future__ import annotations

import math

import numpy as np
import pytest

from msds.study import statistics as ours

stats = pytest.importorskip("scipy.stats")


def test_paired_bootstrap_finds_a_real_gain_and_no_gain_between_equals() -> None:
    random = np.random.default_rng(7)
    references = [f"r{i // 10}" for i in range(300)]
    truth = random.normal(size=300)
    good, poor = truth + 0.3 * random.normal(size=300), truth + random.normal(size=300)
    samples = ours.reference_resamples(references, 300, seed=1)
    found = ours.paired_bootstrap(good, poor, truth, samples, ours.spearman)
    assert found.difference == pytest.approx(
        ours.spearman(good, truth) - ours.spearman(poor, truth)
    )
    # Student's t, and no floor that the number of samples would set: among the 55 comparisons of
    # eleven metrics such a gain must still count.
    assert found.p_value == pytest.approx(2 * stats.t.sf(found.statistic, 29))
    assert ours.holm([found.p_value, *[1.0] * 54])[0] < 0.05
    assert found.interval is not None
    assert found.interval.low > 0
    same = ours.paired_bootstrap(good, good.copy(), truth, samples, ours.spearman)
    assert same.p_value == 1.0
    assert same.difference == 0


def test_a_bootstrap_of_a_mean_is_the_t_test_of_the_units_means() -> None:
    # Of a mean over equally large units the bootstrap's standard error is known: sd / sqrt(units),
    # so p-value and interval are those of scipy's t-test on the means of the units.
    random = np.random.default_rng(2)
    gains = np.repeat(random.normal(0.4, 1, 6), 5) + random.normal(0, 0.3, 30)
    references = [f"r{i // 5}" for i in range(30)]
    samples = ours.reference_resamples(references, 4000)
    drawn = np.array([gains[sample].mean() for sample in samples])
    found = ours.bootstrap_comparison(float(gains.mean()), drawn, samples.units)
    expected = stats.ttest_1samp(gains.reshape(6, 5).mean(axis=1), 0.0)
    interval = expected.confidence_interval(0.95)
    assert found.statistic == pytest.approx(expected.statistic, rel=0.03)
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.06)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(interval, rel=0.06)


def test_intervals_stay_within_what_is_possible() -> None:
    drawn = np.linspace(0.97, 0.9999, 50)
    high = ours.bootstrap_interval(0.99, drawn, 9, "correlation")
    assert 0 < high.low < 0.99 < high.high < 1
    error = ours.bootstrap_interval(0.1, np.linspace(0.01, 0.3, 50), 3, "positive")
    assert 0 < error.low < 0.1 < error.high
    assert ours.bootstrap_interval(1.0, np.ones(50), 5, "correlation") == ours.Interval(1.0, 1.0)


def test_nothing_is_tested_where_nothing_can_be_resampled() -> None:
    scores, opinions = np.arange(9.0), np.arange(9.0) % 4
    without = ours.paired_bootstrap(scores, -scores, opinions, None, ours.spearman)
    one = ours.reference_resamples(["r"] * 9, 100)
    alone = ours.paired_bootstrap(scores, -scores, opinions, one, ours.spearman)
    for found in (without, alone):
        assert found.difference == pytest.approx(2 * ours.spearman(scores, opinions))
        assert math.isnan(found.p_value)
