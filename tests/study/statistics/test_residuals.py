"""Tests on residuals against scipy."""

from __future__ import annotations

import numpy as np
import pytest

from msds.study import statistics as ours

stats = pytest.importorskip("scipy.stats")


def test_f_test_agrees_with_the_f_distribution_and_names_the_better_metric() -> None:
    random = np.random.default_rng(0)
    tight, loose = random.normal(0, 1, 200), random.normal(0, 1.3, 200)
    found = ours.residual_f_test(tight, loose)
    ratio = np.var(tight, ddof=1) / np.var(loose, ddof=1)
    assert found.statistic == pytest.approx(ratio)
    assert found.p_value == pytest.approx(2 * stats.f.cdf(ratio, 199, 199))
    assert found.difference > 0
    assert found.caution is None
    swapped = ours.residual_f_test(loose, tight)
    assert swapped.p_value == pytest.approx(found.p_value)
    assert ours.residual_f_test(tight, tight).p_value == 1.0


def test_f_test_warns_of_residuals_that_are_not_gaussian() -> None:
    random = np.random.default_rng(1)
    found = ours.residual_f_test(random.normal(size=300), random.standard_t(2, size=300))
    assert found.caution is not None
    assert "second" in found.caution


def test_pitman_and_morgans_test_is_scipys_correlation_of_sum_and_difference() -> None:
    random = np.random.default_rng(3)
    shared = random.normal(size=60)
    tight, loose = shared + random.normal(0, 0.2, 60), 1.2 * shared + random.normal(0, 0.3, 60)
    found = ours.pitman_morgan_test(tight, loose)
    expected = stats.pearsonr(loose + tight, loose - tight)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.difference == pytest.approx(np.var(loose, ddof=1) - np.var(tight, ddof=1))
    assert found.statistic > 0
    # Of these two the F-test sees no difference: it takes the shared part for chance.
    assert found.p_value < 0.01 < ours.residual_f_test(tight, loose).p_value
    assert ours.pitman_morgan_test(tight, tight).p_value == 1.0


def test_the_bootstrap_of_residuals_finds_the_tighter_metric() -> None:
    random = np.random.default_rng(4)
    tight, loose = random.normal(0, 1, 200), random.normal(0, 1.6, 200)
    samples = ours.reference_resamples([f"r{i // 10}" for i in range(200)], 300)
    found = ours.residual_bootstrap(tight, loose, samples)
    assert found.difference == pytest.approx(np.std(loose, ddof=1) - np.std(tight, ddof=1))
    assert found.p_value < 0.01
    assert found.interval is not None
    assert 0 < found.interval.low < found.difference < found.interval.high
