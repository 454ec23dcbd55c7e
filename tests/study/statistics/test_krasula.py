"""Krasula's analysis and DeLong's test against scipy and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from msds.study.statistics import krasula as kr

stats = pytest.importorskip("scipy.stats")


def test_area_under_curve_is_the_mann_whitney_statistic() -> None:
    random = np.random.default_rng(3)
    a = np.round(random.normal(0.5, 1, 60), 1)
    b = np.round(random.normal(0, 1, 45), 1)
    expected = stats.mannwhitneyu(a, b).statistic / (60 * 45)
    assert kr.area_under_curve(a, b) == pytest.approx(expected)


def test_opinions_closer_than_their_errors_count_as_similar() -> None:
    opinions = np.array([1.0, 1.1, 5.0])
    errors = np.array([0.2, 0.2, 0.2])
    pairs = kr.opinion_pairs(opinions, errors)
    different = {
        (int(i), int(j))
        for i, j, d in zip(pairs.first, pairs.second, pairs.different, strict=True)
        if d
    }
    assert different == {(2, 0), (2, 1)}
    perfect = kr.krasula(opinions, pairs)
    assert (perfect.auc_different, perfect.auc_better, perfect.correct_sign) == (1.0, 1.0, 1.0)
    backwards = kr.krasula(-opinions, pairs)
    assert (backwards.auc_better, backwards.correct_sign) == (0.0, 0.0)


def test_delong_variance_agrees_with_a_permutation_free_bootstrap_of_cases() -> None:
    random = np.random.default_rng(11)
    m, n = 120, 150
    base_p, base_n = random.normal(1, 1, m), random.normal(0, 1, n)
    a = (base_p + 0.5 * random.normal(size=m), base_n + 0.5 * random.normal(size=n))
    b = (base_p + random.normal(size=m), base_n + random.normal(size=n))
    found = kr.compare_areas((a[0], b[0]), (a[1], b[1]))
    drawn = []
    for _ in range(600):
        i, j = random.integers(0, m, m), random.integers(0, n, n)
        drawn.append(kr.area_under_curve(a[0][i], a[1][j]) - kr.area_under_curve(b[0][i], b[1][j]))
    spread = found.difference / found.statistic
    assert spread == pytest.approx(float(np.std(drawn)), rel=0.12)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(found.statistic)))


def test_many_pairs_are_sampled_and_it_is_said() -> None:
    opinions = np.arange(100.0)
    pairs = kr.opinion_pairs(opinions, np.full(100, 0.1), most=500)
    assert pairs.sampled
    assert pairs.first.size == 500
