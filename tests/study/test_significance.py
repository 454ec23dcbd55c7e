"""Tests of significance against scipy, published examples and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from msds.errors import InputError
from msds.study import krasula as kr
from msds.study import significance as sig
from msds.study.statistics import reference_resamples, spearman

stats = pytest.importorskip("scipy.stats")


def test_f_test_agrees_with_the_f_distribution_and_names_the_better_metric() -> None:
    random = np.random.default_rng(0)
    tight, loose = random.normal(0, 1, 200), random.normal(0, 1.3, 200)
    found = sig.residual_f_test(tight, loose)
    ratio = np.var(tight, ddof=1) / np.var(loose, ddof=1)
    assert found.statistic == pytest.approx(ratio)
    assert found.p_value == pytest.approx(2 * stats.f.cdf(ratio, 199, 199))
    assert found.difference > 0
    assert found.caution is None
    swapped = sig.residual_f_test(loose, tight)
    assert swapped.p_value == pytest.approx(found.p_value)
    assert sig.residual_f_test(tight, tight).p_value == 1.0


def test_f_test_warns_of_residuals_that_are_not_gaussian() -> None:
    random = np.random.default_rng(1)
    found = sig.residual_f_test(random.normal(size=300), random.standard_t(2, size=300))
    assert found.caution is not None
    assert "second" in found.caution


def test_williams_test_gives_the_figures_of_the_documented_example() -> None:
    # W. Revelle's psych package documents r.test(103, .4, .5, .1) as t = -0.89, p = 0.37.
    found = sig.williams_test(0.4, 0.5, 0.1, 103)
    assert round(found.statistic, 2) == -0.89
    assert round(found.p_value, 2) == 0.37


def test_steigers_z_gives_the_figure_of_his_example() -> None:
    # Steiger (1980), p. 247: N = 103, r12 = .5, r13 = .4 (shared variable), r23 = .1: z near 0.89.
    found = sig.steiger_test(0.5, 0.4, 0.1, 103)
    assert found.statistic == pytest.approx(0.89, abs=0.01)


def test_steigers_z_does_not_exist_for_a_perfect_correlation() -> None:
    found = sig.steiger_test(1.0, 0.3, 0.3, 4)
    assert found.difference == pytest.approx(0.7)
    assert math.isnan(found.p_value)
    assert sig.steiger_test(1.0, 1.0, 1.0, 4).p_value == 1


def test_both_correlation_tests_reject_equals_about_as_rarely_as_they_promise() -> None:
    random = np.random.default_rng(4)
    rejected = {"williams": 0, "steiger": 0}
    rounds = 600
    for _ in range(rounds):
        truth = random.normal(size=80)
        a, b = (truth + random.normal(size=80) for _ in range(2))
        r_a, r_b, r_ab = (np.corrcoef(u, v)[0, 1] for u, v in ((a, truth), (b, truth), (a, b)))
        rejected["williams"] += sig.williams_test(r_a, r_b, r_ab, 80).p_value < 0.05
        rejected["steiger"] += sig.steiger_test(r_a, r_b, r_ab, 80).p_value < 0.05
    for name, count in rejected.items():
        assert 0.02 <= count / rounds <= 0.09, name


def test_impossible_correlations_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be correlations"):
        sig.williams_test(0.9, -0.9, 0.9, 50)


def test_paired_bootstrap_finds_a_real_gain_and_no_gain_between_equals() -> None:
    random = np.random.default_rng(7)
    references = [f"r{i // 10}" for i in range(300)]
    truth = random.normal(size=300)
    good, poor = truth + 0.3 * random.normal(size=300), truth + random.normal(size=300)
    samples = reference_resamples(references, 300, seed=1)
    found = sig.paired_bootstrap(good, poor, truth, samples, spearman)
    assert found.difference == pytest.approx(spearman(good, truth) - spearman(poor, truth))
    assert found.p_value == pytest.approx(2 / 301)
    assert found.interval is not None
    assert found.interval.low > 0
    same = sig.paired_bootstrap(good, good.copy(), truth, samples, spearman)
    assert same.p_value == 1.0
    assert same.difference == 0


def test_holm_gives_the_textbook_adjustment() -> None:
    # p = .01 .04 .03 .005 -> sorted .005 .01 .03 .04 times 4 3 2 1, made monotone.
    assert sig.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert sig.holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert sig.holm([]) == []
    # A test that does not exist takes no part.
    assert sig.holm([0.01, math.nan, 0.04])[::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(sig.holm([0.01, math.nan])[1])


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
    assert not math.isnan(found.p_value)


def test_many_pairs_are_sampled_and_it_is_said() -> None:
    opinions = np.arange(100.0)
    pairs = kr.opinion_pairs(opinions, np.full(100, 0.1), most=500)
    assert pairs.sampled
    assert pairs.first.size == 500
