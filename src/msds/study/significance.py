"""Is one metric really better than another on the same pairs?

The tests of the image quality literature and two stronger ones:

- :func:`residual_f_test`: F-test on the variances of the residuals after the logistic curve, as in
  Sheikh, Sabir and Bovik (2006), with their check that the residuals look Gaussian;
- :func:`williams_test`, :func:`steiger_test`: two correlations that share the opinions
  (Williams 1959; Steiger 1980);
- :func:`paired_bootstrap`: the difference of any coefficient over resampled references, the only
  one of these that respects that pairs of one reference are not independent;
- :func:`holm`: what to believe when many comparisons are made at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msds.errors import InputError, require
from msds.study.logistic import Array
from msds.study.statistics import Interval, percentile_interval

# Residuals count as Gaussian when their kurtosis lies between these (Sheikh et al., 2006).
_KURTOSIS = (2.0, 4.0)


@dataclass(frozen=True)
class Comparison:
    """One comparison of metric A with metric B.

    Attributes
    ----------
    difference : of the coefficient, A minus B; positive means that A is better.
    statistic, p_value : of the two-sided test.
    interval : 95 % interval of the difference, where the test gives one.
    caution : a sentence if the test's assumptions do not hold here, else None.
    """

    difference: float
    statistic: float
    p_value: float
    interval: Interval | None = None
    caution: str | None = None


def looks_gaussian(residuals: Array) -> bool:
    """Whether the kurtosis of (n,) residuals lies between 2 and 4."""
    centred = residuals - residuals.mean()
    variance = float(np.mean(centred**2))
    if variance == 0:
        return False
    return _KURTOSIS[0] <= float(np.mean(centred**4)) / variance**2 <= _KURTOSIS[1]


def residual_f_test(residuals_a: Array, residuals_b: Array) -> Comparison:
    """Two-sided F-test that two metrics leave residuals of equal variance.

    `residuals_a` and `residuals_b` are (n,) mapped scores minus opinions. `difference` is the
    variance of B less that of A, so that positive again means that A is better.
    """
    stats = require("scipy.stats", "study")
    if residuals_a.shape != residuals_b.shape or residuals_a.size < 3:
        raise InputError(
            "The F-test compares the residuals of the same pairs (3 or more), got shapes "
            f"{residuals_a.shape} and {residuals_b.shape}."
        )
    variance_a, variance_b = (float(np.var(r, ddof=1)) for r in (residuals_a, residuals_b))
    freedom = residuals_a.size - 1
    if variance_a == variance_b:
        ratio, p_value = 1.0, 1.0
    elif min(variance_a, variance_b) == 0:
        ratio, p_value = math.inf if variance_a > 0 else 0.0, 0.0
    else:
        ratio = variance_a / variance_b
        tail = min(stats.f.cdf(ratio, freedom, freedom), stats.f.sf(ratio, freedom, freedom))
        p_value = min(1.0, 2.0 * float(tail))
    odd = [
        name
        for name, residuals in (("first", residuals_a), ("second", residuals_b))
        if not looks_gaussian(residuals)
    ]
    caution = f"residuals of the {' and the '.join(odd)} metric are not Gaussian" if odd else None
    return Comparison(variance_b - variance_a, ratio, p_value, caution=caution)


def _check_correlations(r_a: float, r_b: float, r_ab: float, n: int) -> float:
    determinant = 1 - r_a**2 - r_b**2 - r_ab**2 + 2 * r_a * r_b * r_ab
    if n < 4 or determinant < -1e-9:
        raise InputError(
            f"These cannot be correlations of three lists of {n} numbers: {r_a}, {r_b}, {r_ab}."
        )
    return max(determinant, 0.0)


def williams_test(r_a: float, r_b: float, r_ab: float, n: int) -> Comparison:
    """Williams's t for two correlations with the same third variable.

    Parameters
    ----------
    r_a, r_b : correlations of metric A and of metric B with the opinions.
    r_ab : correlation of the two metrics with each other, scores turned the same way.
    n : pairs.
    """
    stats = require("scipy.stats", "study")
    determinant = _check_correlations(r_a, r_b, r_ab, n)
    mean = 0.5 * (r_a + r_b)
    spread = 2 * determinant * (n - 1) / (n - 3) + mean**2 * (1 - r_ab) ** 3
    if spread <= 0:
        return Comparison(r_a - r_b, 0.0, 1.0)
    t = (r_a - r_b) * math.sqrt((n - 1) * (1 + r_ab) / spread)
    return Comparison(r_a - r_b, t, float(2 * stats.t.sf(abs(t), n - 3)))


def steiger_test(r_a: float, r_b: float, r_ab: float, n: int) -> Comparison:
    """Steiger's z (his equation 14, pooled estimate) for two correlations that share a variable.

    Parameters as in :func:`williams_test`. For a correlation of 1 or -1 the test does not exist:
    statistic and p-value are NaN.
    """
    stats = require("scipy.stats", "study")
    _check_correlations(r_a, r_b, r_ab, n)
    if r_a == r_b:
        return Comparison(0.0, 0.0, 1.0)
    if max(abs(r_a), abs(r_b)) >= 1:
        return Comparison(r_a - r_b, math.nan, math.nan)
    pooled = 0.5 * (r_a + r_b)
    covariance = r_ab * (1 - 2 * pooled**2) - 0.5 * pooled**2 * (1 - 2 * pooled**2 - r_ab**2)
    covariance /= (1 - pooled**2) ** 2
    spread = 2 - 2 * covariance
    if spread <= 0:
        return Comparison(r_a - r_b, 0.0, 1.0)
    z = (math.atanh(r_a) - math.atanh(r_b)) * math.sqrt((n - 3) / spread)
    return Comparison(r_a - r_b, z, float(2 * stats.norm.sf(abs(z))))


def paired_bootstrap(
    scores_a: Array,
    scores_b: Array,
    opinions: Array,
    samples: Sequence[NDArray[np.intp]],
    coefficient: Callable[[Array, Array], float],
) -> Comparison:
    """Difference of a coefficient between two metrics over resampled references.

    Parameters
    ----------
    scores_a, scores_b, opinions : (n,) all turned so that higher is better.
    samples : from `msds.study.statistics.reference_resamples`.
    coefficient : of scores and opinions, such as `spearman`.

    Returns
    -------
    Comparison
        With the percentile interval and twice the smaller tail as p-value; the p-value is never
        below 2 / (samples + 1), the finest that so many samples can show.
    """
    difference = coefficient(scores_a, opinions) - coefficient(scores_b, opinions)
    drawn = np.array(
        [
            coefficient(scores_a[s], opinions[s]) - coefficient(scores_b[s], opinions[s])
            for s in samples
        ]
    )
    return bootstrap_comparison(difference, drawn)


def bootstrap_comparison(difference: float, drawn: Array) -> Comparison:
    """A comparison from a difference and its bootstrap values."""
    drawn = drawn[np.isfinite(drawn)]
    below, above = int(np.sum(drawn <= 0)), int(np.sum(drawn >= 0))
    p_value = min(1.0, 2.0 * (min(below, above) + 1) / (drawn.size + 1))
    spread = float(drawn.std()) if drawn.size else math.nan
    statistic = difference / spread if spread > 0 else 0.0
    return Comparison(difference, statistic, p_value, percentile_interval(drawn.tolist()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment: adjusted p-values in the order given, NaN for NaN."""
    known = [i for i, value in enumerate(p_values) if not math.isnan(value)]
    count = len(known)
    adjusted = [math.nan] * len(p_values)
    running = 0.0
    for rank, index in enumerate(sorted(known, key=lambda i: p_values[i])):
        running = max(running, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted
