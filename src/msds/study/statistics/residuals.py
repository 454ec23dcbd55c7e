"""Does one metric leave smaller residuals than another, once its scores are mapped to opinions?

The literature's F-test takes the two lists as independent. They are not: both metrics judge the
same pairs, and share what people's opinions themselves are off by. So it rarely sees a difference.
Two tests that know of the pairing stand beside it.
"""

from __future__ import annotations

import math

import numpy as np

from msds.errors import InputError, require
from msds.study.statistics.bootstrap import bootstrap_comparison
from msds.study.statistics.comparison import Comparison
from msds.study.statistics.correlation import pearson
from msds.study.statistics.curves import Array
from msds.study.statistics.resampling import Resamples

# Residuals count as Gaussian when their kurtosis lies between these (Sheikh et al., 2006).
_KURTOSIS = (2.0, 4.0)


def looks_gaussian(residuals: Array) -> bool:
    """Whether the kurtosis of (n,) residuals lies between 2 and 4."""
    centred = residuals - residuals.mean()
    variance = float(np.mean(centred**2))
    if variance == 0:
        return False
    return _KURTOSIS[0] <= float(np.mean(centred**4)) / variance**2 <= _KURTOSIS[1]


def residual_f_test(residuals_a: Array, residuals_b: Array) -> Comparison:
    """Two-sided F-test that two metrics leave residuals of equal variance (Sheikh et al., 2006).

    `residuals_a` and `residuals_b` are (n,) mapped scores minus opinions. `difference` is the
    variance of B less that of A, so that positive again means that A is better.
    """
    _check("The F-test", residuals_a, residuals_b)
    stats = require("scipy.stats", "study")
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
    return Comparison(
        variance_b - variance_a, ratio, p_value, caution=_caution(residuals_a, residuals_b)
    )


def pitman_morgan_test(residuals_a: Array, residuals_b: Array) -> Comparison:
    """Two-sided test that two metrics leave residuals of equal variance on the same pairs.

    Two variances are equal where sum and difference of the two lists do not correlate (Pitman,
    Biometrika 31, 1939; Morgan, the same). `residuals_a` and `residuals_b` are (n,); `difference`
    is as in `residual_f_test`, `statistic` Student's t with n - 2 degrees of freedom. All pairs
    count as independent of each other.
    """
    _check("The Pitman-Morgan test", residuals_a, residuals_b)
    stats = require("scipy.stats", "study")
    gain = float(np.var(residuals_b, ddof=1) - np.var(residuals_a, ddof=1))
    r = pearson(residuals_b + residuals_a, residuals_b - residuals_a)
    caution = _caution(residuals_a, residuals_b)
    if not math.isfinite(r):
        return Comparison(gain, 0.0, 1.0, caution=caution)
    freedom = residuals_a.size - 2
    rest = 1.0 - min(1.0, r * r)
    t = r * math.sqrt(freedom / rest) if rest > 0 else math.copysign(math.inf, r)
    return Comparison(gain, t, float(2 * stats.t.sf(abs(t), freedom)), caution=caution)


def residual_bootstrap(residuals_a: Array, residuals_b: Array, samples: Resamples) -> Comparison:
    """Difference of the residuals' standard deviations over resampled references or ladders.

    `residuals_a` and `residuals_b` are (n,); `difference` is the deviation of B less that of A, in
    units of the opinions, with its interval. The curves stay as they were fitted to all pairs.
    """
    _check("The bootstrap of residuals", residuals_a, residuals_b)

    def gain(a: Array, b: Array) -> float:
        return float(b.std(ddof=1) - a.std(ddof=1))

    drawn = np.array([gain(residuals_a[sample], residuals_b[sample]) for sample in samples])
    return bootstrap_comparison(gain(residuals_a, residuals_b), drawn, samples.units)


def _check(test: str, residuals_a: Array, residuals_b: Array) -> None:
    if residuals_a.shape != residuals_b.shape or residuals_a.size < 3:
        raise InputError(
            f"{test} compares the residuals of the same pairs (3 or more), got shapes "
            f"{residuals_a.shape} and {residuals_b.shape}."
        )


def _caution(residuals_a: Array, residuals_b: Array) -> str | None:
    odd = [
        name
        for name, residuals in (("first", residuals_a), ("second", residuals_b))
        if not looks_gaussian(residuals)
    ]
    return f"residuals of the {' and the '.join(odd)} metric are not Gaussian" if odd else None
