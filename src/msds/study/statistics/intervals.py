"""Confidence intervals, and that of a correlation by Fisher's z, all pairs independent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from msds.errors import require

# Variance of Fisher's z of each coefficient is about factor / (n - less): Bonett and Wright (2000)
# for Spearman, Fieller, Hartley and Pearson (1957) for Kendall, Fisher (1921) for Pearson.
_KENDALL_FACTOR, _KENDALL_LESS = 0.437, 4


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


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
