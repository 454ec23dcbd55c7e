"""How well a metric agrees with people: correlations and errors, with their intervals.

Every correlation is signed so that +1 is perfect agreement, whichever way scores and opinions
point; a negative number means that the metric disagrees, and nothing hides it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from msds.errors import InputError
from msds.study.statistics.bootstrap import Scale, bootstrap_interval
from msds.study.statistics.correlation import kendall, pearson, spearman
from msds.study.statistics.curves import Array, Curve
from msds.study.statistics.intervals import Interval, fisher_interval
from msds.study.statistics.logistic import LogisticFit, fit_logistic, refit
from msds.study.statistics.resampling import Resamples


@dataclass(frozen=True)
class Agreement:
    """Agreement of one metric with people on one set of pairs.

    Attributes
    ----------
    n, references : how many pairs, how many different references.
    srcc, krcc : Spearman's rank correlation and Kendall's tau-b.
    plcc, rmse : Pearson's correlation and the root mean squared error after the logistic curve;
        `rmse` is in units of the opinions.
    plcc_raw : Pearson's correlation without a curve.
    outlier_ratio : share of pairs whose mapped score is further from the opinion than twice the
        opinion's deviation; None where the set has no deviations.
    fit : the logistic curve.
    fisher, bootstrap : 95 % intervals by name of the coefficient ("srcc", "krcc", "plcc",
        "plcc_raw"; the bootstrap, which resamples references or ladders, also has "rmse").
    """

    n: int
    references: int
    srcc: float
    krcc: float
    plcc: float
    rmse: float
    plcc_raw: float
    outlier_ratio: float | None
    fit: LogisticFit | None
    fisher: Mapping[str, Interval]
    bootstrap: Mapping[str, Interval]


def outlier_ratio(mapped: Array, opinions: Array, deviations: Array) -> float:
    """Share of pairs with |mapped - opinion| above twice the opinion's deviation; all (n,)."""
    return float(np.mean(np.abs(mapped - opinions) > 2.0 * deviations))


def _checked(
    scores: Sequence[float] | Array, opinions: Sequence[float] | Array
) -> tuple[Array, Array]:
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(opinions, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or x.size < 3:
        raise InputError(
            "Agreement needs two equally long lists of at least 3 numbers, got shapes "
            f"{x.shape} and {y.shape}."
        )
    for name, values in (("score", x), ("opinion", y)):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise InputError(
                f"{bad.size} {name}s are not finite, the first at position {bad[0]}: "
                f"{values[bad[0]]}."
            )
    return x, y


def agreement(
    scores: Sequence[float] | Array,
    opinions: Sequence[float] | Array,
    *,
    references: Sequence[str] | None = None,
    deviations: Sequence[float] | Array | None = None,
    same_direction: bool = True,
    curve: Curve = 5,
    monotone: bool = True,
    samples: Resamples | None = None,
) -> Agreement:
    """Everything that is usually reported about one metric on one set of pairs.

    Parameters
    ----------
    scores, opinions : (n,) the metric's scores and people's, n at least 3.
    references : (n,) names of the references, to be counted.
    deviations : (n,) the opinions' deviations, for the outlier ratio.
    same_direction : False where one of the two grows with quality and the other falls.
    curve : parameters of the logistic curve, 4 or 5.
    monotone : whether the curve must not turn, see `fit_logistic`; the customary one may.
    samples : bootstrap samples, such as `resamples_of` gives; None for no bootstrap.

    Raises
    ------
    InputError
        For lists that do not match, or numbers that are not finite.
    """
    x, y = _checked(scores, opinions)
    sign = 1.0 if same_direction else -1.0
    fit = fit_logistic(x, y, curve, monotone=monotone) if x.size > curve else None
    usable = fit is not None and fit.problem != "all scores are equal"
    values = {
        "srcc": sign * spearman(x, y),
        "krcc": sign * kendall(x, y),
        "plcc_raw": sign * pearson(x, y),
        "plcc": _after_curve(x, y, fit.mapped, sign) if fit is not None and usable else math.nan,
    }
    error = float(np.sqrt(np.mean((fit.mapped - y) ** 2))) if fit is not None else math.nan
    ratio = None
    if deviations is not None and fit is not None:
        ratio = outlier_ratio(fit.mapped, y, np.asarray(deviations, dtype=np.float64))
    intervals: dict[str, Interval] = {}
    if samples is not None:
        intervals = _bootstrap(
            {**values, "rmse": error}, x, y, fit if usable else None, samples, sign
        )
    kinds = {"srcc": "srcc", "krcc": "krcc", "plcc": "plcc", "plcc_raw": "plcc"}
    return Agreement(
        n=x.size,
        references=len(set(references)) if references is not None else 0,
        rmse=error,
        outlier_ratio=ratio,
        fit=fit,
        fisher={name: fisher_interval(values[name], x.size, kind) for name, kind in kinds.items()},
        bootstrap=intervals,
        **values,
    )


def _after_curve(x: Array, y: Array, mapped: Array, sign: float) -> float:
    """PLCC of mapped scores, signed by the direction in which the curve runs.

    Least squares always gives mapped scores that correlate positively with the opinions; a metric
    that runs the wrong way must not be praised for it, so the curve's own direction counts.
    """
    direction = pearson(x, mapped)
    return math.copysign(1.0, direction) * sign * pearson(mapped, y)


def _bootstrap(
    values: Mapping[str, float],
    x: Array,
    y: Array,
    fit: LogisticFit | None,
    samples: Resamples,
    sign: float,
) -> dict[str, Interval]:
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for sample in samples:
        a, b = x[sample], y[sample]
        drawn["srcc"].append(sign * spearman(a, b))
        drawn["krcc"].append(sign * kendall(a, b))
        drawn["plcc_raw"].append(sign * pearson(a, b))
        if fit is not None:
            mapped = refit(fit, a, b)
            drawn["plcc"].append(_after_curve(a, b, mapped, sign))
            drawn["rmse"].append(float(np.sqrt(np.mean((mapped - b) ** 2))))
    scales: dict[str, Scale] = {"rmse": "positive"}
    return {
        name: bootstrap_interval(
            values[name], np.array(found), samples.units, scales.get(name, "correlation")
        )
        for name, found in drawn.items()
        if found
    }
