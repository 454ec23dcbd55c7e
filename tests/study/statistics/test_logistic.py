"""The logistic curves: known parameters are found again, failures are said."""

from __future__ import annotations

import numpy as np
import pytest

from msds.errors import InputError
from msds.study.statistics import evaluate, fit_logistic, refit

optimize = pytest.importorskip("scipy.optimize")


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e5])
@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_the_four_parameter_curve_finds_its_own_parameters_at_any_scale(
    scale: float, direction: float
) -> None:
    x = np.linspace(0, 1, 60) * scale
    truth = np.array([10.0, 80.0, 0.6 * scale, 0.1 * scale])
    if direction < 0:
        truth[:2] = truth[1::-1]
    y = evaluate(4, truth, x)
    fit = fit_logistic(x, y, 4)
    assert fit.problem is None
    np.testing.assert_allclose(fit.parameters, truth, rtol=1e-5)
    np.testing.assert_allclose(fit(x), y, rtol=1e-7)


def test_the_five_parameter_curve_finds_its_own_curve() -> None:
    x = np.linspace(20, 45, 80)
    y = evaluate(5, np.array([60.0, 0.4, 30.0, 0.5, 3.0]), x)
    fit = fit_logistic(x, y, 5)
    assert fit.problem is None
    assert not fit.constrained
    np.testing.assert_allclose(fit.mapped, y, atol=1e-6)
    np.testing.assert_allclose(fit(x), y, atol=1e-6)


def test_the_fit_is_at_least_as_good_as_scipy_curve_fit_from_the_customary_start() -> None:
    random = np.random.default_rng(0)
    for seed in range(8):
        random = np.random.default_rng(seed)
        x = random.uniform(0, 1, 150) ** 3
        y = 4 * np.tanh(3 * (x - 0.2)) + random.normal(0, 0.4, 150)

        def curve(
            t: np.ndarray, low: float, high: float, centre: float, width: float
        ) -> np.ndarray:
            return evaluate(4, np.array([low, high, centre, abs(width)]), t)

        start = [y.min(), y.max(), x.mean(), x.std()]
        theirs, _ = optimize.curve_fit(curve, x, y, p0=start, maxfev=20000)
        error = np.sum((curve(x, *theirs) - y) ** 2)
        ours = np.sum((fit_logistic(x, y, 4).mapped - y) ** 2)
        assert ours <= error * (1 + 1e-6)


def test_scores_squeezed_against_one_end_still_fit() -> None:
    # Deep similarity scores crowd below 1: most of the spread lies in the last thousandth.
    random = np.random.default_rng(2)
    quality = random.uniform(0, 9, 300)
    x = 1 - np.exp(-quality) * 0.01
    fit = fit_logistic(x, quality, 5)
    assert fit.problem is None
    assert np.corrcoef(fit.mapped, quality)[0, 1] > 0.93


def test_a_curve_that_would_turn_is_replaced_by_one_that_does_not_and_says_so() -> None:
    x = np.linspace(0, 1, 100)
    y = x + 0.5 * np.sin(6 * x)
    fit = fit_logistic(x, y, 5)
    assert fit.constrained
    steps = np.diff(fit(np.linspace(0, 1, 1000)))
    assert (steps >= -1e-9).all()
    assert np.ptp(fit.mapped) > 0.3


def test_equal_scores_are_a_failure_that_is_said() -> None:
    fit = fit_logistic(np.ones(20), np.arange(20.0), 5)
    assert fit.problem == "all scores are equal"
    assert not fit.converged
    assert (fit.mapped == 9.5).all()


def test_too_few_pairs_and_infinite_scores_are_refused() -> None:
    with pytest.raises(InputError, match="more than 5"):
        fit_logistic(np.arange(5.0), np.arange(5.0), 5)
    with pytest.raises(InputError, match="finite"):
        fit_logistic(np.array([1, 2, 3, 4, 5, np.inf]), np.arange(6.0), 5)


@pytest.mark.parametrize("curve", [4, 5])
def test_refitting_from_a_fit_gives_the_same_curve_on_the_same_data(curve: int) -> None:
    random = np.random.default_rng(4)
    x = random.normal(30, 5, 200)
    y = 50 + 20 * np.tanh((x - 30) / 6) + random.normal(0, 3, 200)
    fit = fit_logistic(x, y, curve)  # type: ignore[arg-type]
    np.testing.assert_allclose(refit(fit, x, y), fit.mapped, atol=1e-3)


def with_outliers(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and opinions along a sigmoid, three opinions and one score far off."""
    random = np.random.default_rng(seed)
    count = int(random.integers(20, 60))
    x = random.uniform(0, 1, count) ** random.integers(1, 4)
    y = 9 / (1 + np.exp(-8 * (x - 0.5))) + random.normal(0, 0.7, count)
    odd = random.choice(count, 3, replace=False)
    y[odd] = random.uniform(0, 9, 3)
    x[odd[0]] += random.uniform(0.5, 2)
    return x, y


@pytest.mark.parametrize("seed", [1, 12, 15, 17, 21, 23, 26, 33, 42, 50])
def test_the_five_parameter_curve_is_never_worse_than_the_four_parameter_one_it_contains(
    seed: int,
) -> None:
    x, y = with_outliers(seed)
    five, four = fit_logistic(x, y, 5), fit_logistic(x, y, 4)
    assert five.constrained
    assert np.sum((five.mapped - y) ** 2) <= np.sum((four.mapped - y) ** 2) * (1 + 1e-12)
    steps = np.diff(five(np.linspace(x.min(), x.max(), 1000)))
    assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
    np.testing.assert_allclose(five(x), five.mapped, atol=1e-6)


def customary(x: np.ndarray, y: np.ndarray) -> float:
    """Squared error of the literature's fit: scipy's curve_fit from the usual start."""

    def curve(t: np.ndarray, *parameters: float) -> np.ndarray:
        return evaluate(5, np.array(parameters), t)

    start = [np.ptp(y), 1 / x.std(), x.mean(), 0.1, y.mean()]
    try:
        found, _ = optimize.curve_fit(curve, x, y, p0=start, maxfev=20000)
    except RuntimeError:  # it does not arrive anywhere
        return np.inf
    return float(np.sum((curve(x, *found) - y) ** 2))


@pytest.mark.parametrize("seed", range(12))
def test_the_free_curve_is_at_least_as_good_as_scipys_unconstrained_fit(seed: int) -> None:
    x, y = with_outliers(seed)
    free = fit_logistic(x, y, 5, monotone=False)
    assert not free.constrained
    assert not free.monotone
    error = np.sum((free.mapped - y) ** 2)
    assert error <= customary(x, y) * (1 + 1e-6)
    assert error <= np.sum((fit_logistic(x, y, 5).mapped - y) ** 2) * (1 + 1e-9)


def test_a_free_curve_may_turn_and_gives_the_literatures_correlation() -> None:
    x = np.linspace(0, 1, 60)
    y = evaluate(5, np.array([8.0, 12.0, 0.5, -6.0, 2.0]), x)
    free, held = fit_logistic(x, y, 5, monotone=False), fit_logistic(x, y, 5)
    assert np.corrcoef(free.mapped, y)[0, 1] == pytest.approx(1.0, abs=1e-9)
    assert (np.diff(free.mapped) > 0).any()
    assert (np.diff(free.mapped) < 0).any()
    assert held.constrained
    assert np.corrcoef(held.mapped, y)[0, 1] < 0.999


@pytest.mark.parametrize("curve", [4, 5])
def test_no_curve_is_a_mere_step_between_two_points(curve: int) -> None:
    # Opinions that hardly follow the scores: least squares alone would draw a step somewhere.
    random = np.random.default_rng(0)
    table = random.random((160, 4))
    y = table @ [0.1, 0.2, 0.3, 0.4] + random.normal(0, 0.01, 160)
    x = table[:, 0]
    fit = fit_logistic(x, y, curve)  # type: ignore[arg-type]
    slope = fit.parameters[1] if curve == 5 else 1 / fit.parameters[3]
    assert abs(slope) * x.std() <= 30 * (1 + 1e-9)
    free = fit_logistic(x, y, curve, monotone=False)  # type: ignore[arg-type]
    assert np.sum((free.mapped - y) ** 2) <= np.sum((fit.mapped - y) ** 2)
