"""Differences of two metrics over resampled pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from msds.study.statistics.comparison import Comparison
from msds.study.statistics.curves import Array
from msds.study.statistics.intervals import percentile_interval


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
    samples : from `reference_resamples`.
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
