"""Confidence intervals against scipy and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from msds.study import statistics as ours

stats = pytest.importorskip("scipy.stats")


def test_fisher_interval_of_pearson_agrees_with_scipy() -> None:
    random = np.random.default_rng(3)
    a = random.normal(size=50)
    b = a + random.normal(size=50)
    expected = stats.pearsonr(a, b).confidence_interval(0.95)
    found = ours.fisher_interval(ours.pearson(a, b), 50)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_fisher_interval_of_spearman_is_wider_and_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    truth = 6 / math.pi * math.asin(0.8 / 2)  # Spearman's coefficient of a Gaussian pair, rho 0.8
    hits = 0
    for _ in range(400):
        a = random.normal(size=60)
        b = 0.8 * a + 0.6 * random.normal(size=60)
        interval = ours.fisher_interval(ours.spearman(a, b), 60, "srcc")
        hits += interval.low <= truth <= interval.high
    assert 0.92 <= hits / 400 <= 0.98
