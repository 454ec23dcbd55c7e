"""What a test of two metrics says, and what to believe of many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from msds.study.statistics.intervals import Interval


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
