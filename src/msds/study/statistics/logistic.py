"""The logistic curves of the VQEG protocol, fitted so that a failure is seen and never hidden.

A metric's scores and the opinions of people live on different scales. Before the linear
correlation and the error are taken, a curve of `curves` maps the one onto the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from msds.errors import InputError, require
from msds.study.statistics.curves import (
    Array,
    Curve,
    at,
    design_matrix,
    evaluate,
    jacobian,
    original_parameters,
    residual,
)

# Start values are looked for on this grid of slopes and centres (in standard deviations of x):
# everything else enters linearly and is solved exactly at each grid point.
_SLOPES = (0.5, 1.0, 2.0, 4.0, 8.0)
_CENTRES = (0.05, 0.25, 0.5, 0.75, 0.95)
_STARTS = 4
_MONOTONE_CENTRES = (0.2, 0.5, 0.8)
_MONOTONE_POINTS = 512
# A curve steeper than this, per standard deviation of x, is a step drawn between two points.
_STEEPEST = 30.0


@dataclass(frozen=True)
class LogisticFit:
    """A fitted curve.

    Attributes
    ----------
    curve : 4 or 5, the number of parameters.
    parameters : in the order of the module's formulas, for x as it was given.
    mapped : (n,) the curve at every x.
    converged : whether the optimiser says that it arrived.
    constrained : whether the best free curve turned within the data, so that the best curve that
        does not turn was taken in its place.
    problem : a sentence if the fit failed or cannot be trusted, else None.
    monotone : whether the curve was not allowed to turn.
    """

    curve: Curve
    parameters: tuple[float, ...]
    mapped: Array
    converged: bool
    constrained: bool
    problem: str | None
    monotone: bool = True

    def __call__(self, x: Array) -> Array:
        """The curve at `x`."""
        return evaluate(self.curve, np.asarray(self.parameters), np.asarray(x, dtype=np.float64))


def _starts(curve: Curve, z: Array, y: Array) -> list[Array]:
    """Best few starts (slope, centre, linear coefficients) of the grid, in standardised x."""
    found: list[tuple[float, Array]] = []
    for centre in np.quantile(z, _CENTRES):
        for slope in _SLOPES:
            design = design_matrix(curve, slope, float(centre), z)
            linear = np.linalg.lstsq(design, y, rcond=None)[0]
            error = float(np.sum((y - design @ linear) ** 2))
            found.append((error, np.concatenate([[slope, centre], linear])))
    found.sort(key=lambda item: item[0])
    return [start for _, start in found[:_STARTS]]


def _is_monotone(mapped: Array) -> bool:
    steps = np.diff(mapped)
    slack = 1e-9 * max(float(np.ptp(mapped)), 1e-12)
    return bool(np.all(steps >= -slack) or np.all(steps <= slack))


@dataclass(frozen=True)
class _Solution:
    """A curve in standardised x, half its squared error, and whether the optimiser arrived."""

    theta: Array
    cost: float
    converged: bool

    @property
    def is_step(self) -> bool:
        return abs(float(self.theta[0])) > _STEEPEST


def _solved(start: Array, curve: Curve, z: Array, y: Array, **options: object) -> _Solution | None:
    """Least squares from one start, or None where it leads to no number."""
    optimize = require("scipy.optimize", "study")
    result = optimize.least_squares(residual, start, jac=jacobian, args=(curve, z, y), **options)
    if not np.isfinite(result.x).all():
        return None
    return _Solution(result.x, float(result.cost), bool(result.success))


def _free_fit(
    starts: Sequence[Array], curve: Curve, z: Array, y: Array, steps: bool = False
) -> _Solution | None:
    """Best solution from several starts; `steps` allows those that are mere steps.

    Where every start leads to a step, the best curve at the limit of what is none is taken.
    """
    found = [_solved(start, curve, z, y, method="lm", max_nfev=2000) for start in starts]
    known = [solution for solution in found if solution is not None]
    gentle = [solution for solution in known if not solution.is_step]
    if not steps and known and not gentle:
        far = np.full(curve, np.inf)
        far[0] = _STEEPEST
        limited = (_solved(start, curve, z, y, bounds=(-far, far)) for start in starts)
        gentle = [solution for solution in limited if solution is not None]
    return min(known if steps else gentle, key=lambda s: s.cost, default=None)


def _contained(four: _Solution) -> _Solution:
    """The four-parameter curve as the five-parameter curve that it is, one without a slope."""
    slope, centre, height, low = four.theta
    if slope < 0:  # the same curve with the bend the other way round
        slope, height, low = -slope, -height, low + height
    theta = np.array([slope, centre, height, 0.0, low + 0.5 * height])
    return _Solution(theta, four.cost, four.converged)


def _one_way(rising: bool) -> tuple[Array, Array]:
    """Bounds under which the five-parameter curve only rises, or only falls."""
    low, high = (0.0, np.inf) if rising else (-np.inf, 0.0)
    return (
        np.array([1e-6, -np.inf, low, low, -np.inf]),
        np.array([_STEEPEST, np.inf, high, high, np.inf]),
    )


def _monotone_fit(contained: _Solution, z: Array, y: Array) -> _Solution:
    """Best five-parameter solution whose bend and slope point the same way: it cannot turn."""
    best = contained
    rising = contained.theta[2] >= 0
    lower, upper = _one_way(rising)
    sign = 1.0 if rising else -1.0
    for centre in np.quantile(z, _MONOTONE_CENTRES):
        # Inside the bounds: a start on them, with no height, would have no gradient.
        height, tilt = sign * y.std(), sign * 0.5 * y.std()
        inside = np.array([2.0, centre, height, tilt, y.mean()])
        found = _solved(inside, 5, z, y, bounds=(lower, upper), max_nfev=200, ftol=1e-7, xtol=1e-7)
        if found is not None and found.cost < best.cost:
            best = found
    return best


def _five(starts: Sequence[Array], z: Array, y: Array) -> tuple[_Solution | None, bool]:
    """Best five-parameter curve that does not turn, and whether the best free one does.

    Never worse than the four-parameter curve that it contains.
    """
    four = _free_fit(_starts(4, z, y), 4, z, y)
    if four is None:
        return None, False
    contained = _contained(four)
    best = _free_fit([*starts, contained.theta], 5, z, y)
    line = np.linspace(z.min(), z.max(), _MONOTONE_POINTS)
    if best is not None and not _is_monotone(at(5, best.theta, line)):
        return _monotone_fit(contained, z, y), True
    return (best if best is not None and best.cost <= contained.cost else contained), False


def fit_logistic(x: Array, y: Array, curve: Curve = 5, *, monotone: bool = True) -> LogisticFit:
    """Fit a logistic curve from scores `x` to opinions `y` by least squares.

    Starts from the best few points of a grid, refines each with Levenberg-Marquardt and an exact
    Jacobian, and keeps the best that is no mere step where there is one. The five-parameter curve
    may turn within the data, which the protocol does not allow: then the best that cannot turn is
    taken, and said to be. It is never worse than the four-parameter curve, which it contains.

    Most of the literature fits the five-parameter curve without such a constraint, which gives a
    higher PLCC where the curve turns: `monotone` False does the same.

    Parameters
    ----------
    x, y : (n,) finite numbers, n more than `curve`.
    curve : 4 (VQEG) or 5 (Sheikh et al.).
    monotone : whether the curve must not turn and is no mere step where another is found; False for
        the curve of least squares, whatever its form.

    Raises
    ------
    InputError
        For fewer pairs than the curve needs, or numbers that are not finite.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if curve not in (4, 5):
        raise InputError(f"The logistic curve has 4 or 5 parameters, not {curve}.")
    if x.ndim != 1 or x.shape != y.shape or x.size <= curve:
        raise InputError(
            f"A logistic fit with {curve} parameters needs two equally long lists of more than "
            f"{curve} numbers, got shapes {x.shape} and {y.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("A logistic fit needs finite scores and opinions.")
    mean, scale = float(x.mean()), float(x.std())
    if scale <= 1e-12 * max(1.0, abs(mean)):
        return _failed(curve, y, "all scores are equal")
    z = (x - mean) / scale
    starts, constrained = _starts(curve, z, y), False
    if monotone and curve == 5:
        solution, constrained = _five(starts, z, y)
    elif curve == 5:
        four = _free_fit(_starts(4, z, y), 4, z, y, steps=True)
        starts += [_contained(four).theta] if four is not None else []
        solution = _free_fit(starts, 5, z, y, steps=True)
    else:
        solution = _free_fit(starts, curve, z, y, steps=not monotone)
    if solution is None:
        return _failed(curve, y, "no start of the fit led anywhere")
    return LogisticFit(
        curve,
        original_parameters(curve, solution.theta, mean, scale),
        at(curve, solution.theta, z),
        solution.converged,
        constrained,
        None if solution.converged else "the fit did not converge",
        monotone,
    )


def _failed(curve: Curve, y: Array, problem: str) -> LogisticFit:
    return LogisticFit(curve, (math.nan,) * curve, np.full_like(y, y.mean()), False, False, problem)


def refit(fit: LogisticFit, x: Array, y: Array) -> Array:
    """Map `x` to `y` by a fresh fit that starts from `fit`'s parameters: quick, for resampling."""
    optimize = require("scipy.optimize", "study")
    mean, scale = float(x.mean()), float(x.std())
    if scale <= 1e-12 * max(1.0, abs(mean)) or not np.isfinite(fit.parameters).all():
        return np.full_like(y, y.mean())
    z = (x - mean) / scale
    if fit.curve == 4:
        low, high, centre, width = fit.parameters
        slope = scale / width
        linear = [high - low, low]
    else:
        b1, b2, centre, b4, b5 = fit.parameters
        slope = b2 * scale
        linear = [b1, b4 * scale, b5 + b4 * mean]
    start = np.array([slope, (centre - mean) / scale, *linear])
    if fit.constrained:
        rising = start[2] > 0 or start[3] > 0
        lower, upper = _one_way(rising)
        bounds: dict[str, object] = {"bounds": (lower, upper)}
        start = np.clip(start, lower, upper)
    else:
        bounds = {"method": "lm"}
    result = optimize.least_squares(
        residual, start, jac=jacobian, args=(fit.curve, z, y), max_nfev=60, **bounds
    )
    return np.asarray(y + result.fun)
