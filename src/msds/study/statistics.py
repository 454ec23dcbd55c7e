"""How well a metric agrees with people: correlations, errors, intervals, averages over sets.

Every correlation is signed so that +1 is perfect agreement, whichever way scores and opinions
point; a negative number means that the metric disagrees, and nothing hides it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msds.errors import InputError, require
from msds.study.logistic import Array, Curve, LogisticFit, fit_logistic, refit

# Variance of Fisher's z of each coefficient is about factor / (n - less): Bonett and Wright (2000)
# for Spearman, Fieller, Hartley and Pearson (1957) for Kendall, Fisher (1921) for Pearson.
_KENDALL_FACTOR, _KENDALL_LESS = 0.437, 4


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


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
        "plcc_raw"; the bootstrap, which resamples references, also has "rmse").
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


def ranks(values: Array) -> Array:
    """Ranks from 1, ties share their mean rank; shape (n,)."""
    values = np.asarray(values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    group = np.cumsum(first) - 1
    counts = np.bincount(group)
    ends = np.cumsum(counts)
    mean_rank = ends - 0.5 * (counts - 1)
    result = np.empty(values.size)
    result[order] = mean_rank[group]
    return result


def pearson(a: Array, b: Array) -> float:
    """Pearson's correlation of two (n,) lists; nan if either is constant."""
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm > 0 else math.nan


def spearman(a: Array, b: Array) -> float:
    """Spearman's rank correlation of two (n,) lists; nan if either is constant."""
    return pearson(ranks(a), ranks(b))


def kendall(a: Array, b: Array) -> float:
    """Kendall's tau-b of two (n,) lists; nan if either is constant."""
    stats = require("scipy.stats", "study")
    return float(stats.kendalltau(a, b).statistic)


def outlier_ratio(mapped: Array, opinions: Array, deviations: Array) -> float:
    """Share of pairs with |mapped - opinion| above twice the opinion's deviation; all (n,)."""
    return float(np.mean(np.abs(mapped - opinions) > 2.0 * deviations))


def fisher_interval(r: float, n: int, kind: str = "plcc", level: float = 0.95) -> Interval:
    """Confidence interval of a correlation through Fisher's z; `kind` is plcc, srcc or krcc."""
    stats = require("scipy.stats", "study")
    less = _KENDALL_LESS if kind == "krcc" else 3
    if not math.isfinite(r) or n <= less:
        return Interval(math.nan, math.nan)
    if abs(r) >= 1.0:
        return Interval(r, r)
    factor = {"krcc": _KENDALL_FACTOR, "srcc": 1.0 + 0.5 * r * r}.get(kind, 1.0)
    half = float(stats.norm.ppf(0.5 + level / 2)) * math.sqrt(factor / (n - less))
    z = math.atanh(r)
    return Interval(math.tanh(z - half), math.tanh(z + half))


def reference_resamples(
    references: Sequence[str], count: int, seed: int = 0
) -> list[NDArray[np.intp]]:
    """`count` bootstrap samples of pair indices, drawn by whole references with replacement.

    The same references and seed give the same samples, so that metrics are compared on the same.
    """
    names, group = np.unique(np.asarray(references), return_inverse=True)
    members = [np.flatnonzero(group == index) for index in range(names.size)]
    random = np.random.default_rng(seed)
    return [
        np.concatenate([members[pick] for pick in random.integers(0, names.size, names.size)])
        for _ in range(count)
    ]


def references_suffice(references: Sequence[str]) -> bool:
    """Whether resampling references tells anything: five or more, none with most of the pairs."""
    _, counts = np.unique(np.asarray(references), return_counts=True)
    return counts.size >= 5 and float(counts.max()) <= 0.5 * float(counts.sum())


def percentile_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Percentile interval of bootstrap values, leaving out those that are not finite."""
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    if kept.size < 20:
        return Interval(math.nan, math.nan)
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(kept, [tail, 100.0 - tail])
    return Interval(float(low), float(high))


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
    resamples: int = 0,
    seed: int = 0,
) -> Agreement:
    """Everything that is usually reported about one metric on one set of pairs.

    Parameters
    ----------
    scores, opinions : (n,) the metric's scores and people's, n at least 3.
    references : (n,) names of the references; needed for the bootstrap, which resamples them.
    deviations : (n,) the opinions' deviations, for the outlier ratio.
    same_direction : False where one of the two grows with quality and the other falls.
    curve : parameters of the logistic curve, 4 or 5.
    resamples : bootstrap samples; 0 for no bootstrap.
    seed : of the bootstrap.

    Raises
    ------
    InputError
        For lists that do not match, or numbers that are not finite.
    """
    x, y = _checked(scores, opinions)
    sign = 1.0 if same_direction else -1.0
    fit = fit_logistic(x, y, curve) if x.size > curve else None
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
    if resamples and references is not None:
        samples = reference_resamples(references, resamples, seed)
        intervals = _bootstrap(x, y, fit if usable else None, samples, sign)
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
    x: Array, y: Array, fit: LogisticFit | None, samples: list[NDArray[np.intp]], sign: float
) -> dict[str, Interval]:
    drawn: dict[str, list[float]] = {
        name: [] for name in ("srcc", "krcc", "plcc_raw", "plcc", "rmse")
    }
    for sample in samples:
        a, b = x[sample], y[sample]
        drawn["srcc"].append(sign * spearman(a, b))
        drawn["krcc"].append(sign * kendall(a, b))
        drawn["plcc_raw"].append(sign * pearson(a, b))
        if fit is not None:
            mapped = refit(fit, a, b)
            drawn["plcc"].append(_after_curve(a, b, mapped, sign))
            drawn["rmse"].append(float(np.sqrt(np.mean((mapped - b) ** 2))))
    return {name: percentile_interval(values) for name, values in drawn.items() if values}


def weighted_average(
    results: Mapping[str, Agreement], value: Callable[[Agreement], float], by_pairs: bool = True
) -> float:
    """Average of one number over data sets: weighted by their pairs, or each set the same."""
    weights = [result.n if by_pairs else 1 for result in results.values()]
    return float(np.average([value(result) for result in results.values()], weights=weights))
