"""Tests of two correlations that share the opinions, every pair taken as independent."""

from __future__ import annotations

import math

from msds.errors import InputError, require
from msds.study.statistics.comparison import Comparison


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

    Parameters as in `williams_test`. For a correlation of 1 or -1 the test does not exist:
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
