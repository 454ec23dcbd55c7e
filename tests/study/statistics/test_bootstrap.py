"""Differences over resampled references."""

from __future__ import annotations

import numpy as np
import pytest

from msds.study import statistics as ours


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
    assert found.p_value == pytest.approx(2 / 301)
    assert found.interval is not None
    assert found.interval.low > 0
    same = ours.paired_bootstrap(good, good.copy(), truth, samples, ours.spearman)
    assert same.p_value == 1.0
    assert same.difference == 0
