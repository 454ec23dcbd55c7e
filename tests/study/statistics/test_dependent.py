"""Tests of dependent correlations against published examples and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from msds.errors import InputError
from msds.study import statistics as ours

pytest.importorskip("scipy")


def test_williams_test_gives_the_figures_of_the_documented_example() -> None:
    # W. Revelle's psych package documents r.test(103, .4, .5, .1) as t = -0.89, p = 0.37.
    found = ours.williams_test(0.4, 0.5, 0.1, 103)
    assert round(found.statistic, 2) == -0.89
    assert round(found.p_value, 2) == 0.37


def test_steigers_z_gives_the_figure_of_his_example() -> None:
    # Steiger (1980), p. 247: N = 103, r12 = .5, r13 = .4 (shared variable), r23 = .1: z near 0.89.
    found = ours.steiger_test(0.5, 0.4, 0.1, 103)
    assert found.statistic == pytest.approx(0.89, abs=0.01)


def test_steigers_z_does_not_exist_for_a_perfect_correlation() -> None:
    found = ours.steiger_test(1.0, 0.3, 0.3, 4)
    assert found.difference == pytest.approx(0.7)
    assert math.isnan(found.p_value)
    assert ours.steiger_test(1.0, 1.0, 1.0, 4).p_value == 1


def test_both_correlation_tests_reject_equals_about_as_rarely_as_they_promise() -> None:
    random = np.random.default_rng(4)
    rejected = {"williams": 0, "steiger": 0}
    rounds = 600
    for _ in range(rounds):
        truth = random.normal(size=80)
        a, b = (truth + random.normal(size=80) for _ in range(2))
        r_a, r_b, r_ab = (np.corrcoef(u, v)[0, 1] for u, v in ((a, truth), (b, truth), (a, b)))
        rejected["williams"] += ours.williams_test(r_a, r_b, r_ab, 80).p_value < 0.05
        rejected["steiger"] += ours.steiger_test(r_a, r_b, r_ab, 80).p_value < 0.05
    for name, count in rejected.items():
        # Three binomial deviations around 5 % of 600 rounds.
        assert count / rounds == pytest.approx(0.05, abs=0.027), name


def test_impossible_correlations_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be correlations"):
        ours.williams_test(0.9, -0.9, 0.9, 50)
