"""Intervals and tests from values over resampled references or ladders.

With few units the percentiles of the bootstrap are too narrow: with five references, a test by them
rejects two equal metrics in 11 to 13 % of the cases instead of 5 %. So the bootstrap gives the
standard error, corrected by units / (units - 1) because it draws from the sample itself, and
Student's t with units - 1 degrees of freedom gives the rest (Hesterberg, The American Statistician
69(4), 2015). `python -m benchmarks.false_alarms` shows what each test does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from msds.errors import require
from msds.study.statistics.comparison import Comparison
from msds.study.statistics.curves import Array
from msds.study.statistics.intervals import Interval
from msds.study.statistics.resampling import Resamples

Scale = Literal["plain", "correlation", "positive"]
_LEAST_VALUES = 20


def standard_error(drawn: Array, units: int) -> float:
    """Standard error from bootstrap values of any number of units; nan if it cannot be told."""
    kept = drawn[np.isfinite(drawn)]
    if kept.size < _LEAST_VALUES or units < 2:
        return math.nan
    return float(kept.std(ddof=1)) * math.sqrt(units / (units - 1))


def bootstrap_interval(
    value: float, drawn: Array, units: int, scale: Scale = "plain", level: float = 0.95
) -> Interval:
    """Confidence interval of `value` from its (B,) bootstrap values.

    Parameters
    ----------
    units : references or ladders that were resampled.
    scale : on which the interval is symmetric: that of the value, Fisher's z for correlations, or
        the logarithm for what is positive; so that no interval leaves the possible.
    """
    error = standard_error(drawn, units)
    if not (math.isfinite(value) and math.isfinite(error)):
        return Interval(math.nan, math.nan)
    half = error * float(require("scipy.stats", "study").t.ppf(0.5 + level / 2, units - 1))
    if half == 0:
        return Interval(value, value)
    if scale == "correlation" and abs(value) < 1:
        centre, half = math.atanh(value), half / (1 - value**2)
        return Interval(math.tanh(centre - half), math.tanh(centre + half))
    if scale == "positive" and value > 0:
        factor = math.exp(min(half / value, 700.0))
        return Interval(value / factor, value * factor)
    return Interval(value - half, value + half)


def bootstrap_comparison(difference: float, drawn: Array, units: int) -> Comparison:
    """A comparison from a difference and its (B,) bootstrap values over `units`.

    The p-value is that of Student's t. The standard error of B samples is known to one part in
    sqrt(2 B), so their number is no limit to how small the p-value can be, as it would be to shares
    of samples: 2 / (B + 1) times the number of comparisons would never be significant where many
    metrics are compared. Where nothing can be tested (fewer than two units, too few samples)
    statistic and p-value are NaN.
    """
    error = standard_error(drawn, units)
    interval = bootstrap_interval(difference, drawn, units)
    if not (math.isfinite(difference) and math.isfinite(error)):
        return Comparison(difference, math.nan, math.nan, interval)
    if difference == 0:
        return Comparison(0.0, 0.0, 1.0, interval)
    if error == 0:  # every sample shows the same, and no more than that
        finest = 2.0 / (int(np.isfinite(drawn).sum()) + 1)
        return Comparison(difference, math.copysign(math.inf, difference), finest, interval)
    statistic = difference / error
    p_value = 2.0 * float(require("scipy.stats", "study").t.sf(abs(statistic), units - 1))
    return Comparison(difference, statistic, p_value, interval)


def paired_bootstrap(
    scores_a: Array,
    scores_b: Array,
    opinions: Array,
    samples: Resamples | None,
    coefficient: Callable[[Array, Array], float],
) -> Comparison:
    """Difference of a coefficient between two metrics over resampled references or ladders.

    Parameters
    ----------
    scores_a, scores_b, opinions : (n,) all turned so that higher is better.
    samples : from `reference_resamples`, `ladder_resamples` or `resamples_of`; None where none can
        be drawn: statistic and p-value are NaN then.
    coefficient : of scores and opinions, such as `spearman`.
    """
    difference = coefficient(scores_a, opinions) - coefficient(scores_b, opinions)
    if samples is None:
        return Comparison(difference, math.nan, math.nan)
    drawn = [resampled(scores, opinions, samples, coefficient) for scores in (scores_a, scores_b)]
    return bootstrap_comparison(difference, drawn[0] - drawn[1], samples.units)


def resampled(
    scores: Array,
    opinions: Array,
    samples: Resamples,
    coefficient: Callable[[Array, Array], float],
) -> Array:
    """(B,) values of a coefficient over resampled references or ladders."""
    return np.array([coefficient(scores[s], opinions[s]) for s in samples])
