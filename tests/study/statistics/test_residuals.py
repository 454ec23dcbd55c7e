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
