"""Does one metric leave smaller residuals than another, once its scores are mapped to opinions?"""

from __future__ import annotations

import math

import numpy as np

from msds.errors import InputError, require
from msds.study.statistics.comparison import Comparison
from msds.study.statistics.curves import Array

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
