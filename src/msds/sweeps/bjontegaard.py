"""Two rate-quality curves in one number: bytes at equal quality, quality at equal bytes.

The difference of the logarithm of the rate, averaged over the scores that both curves reach, and
the difference of the score, averaged over the rates that both take (G. Bjøntegaard, ITU-T VCEG-M33,
2001). The integrals are those of the package `bjontegaard` (C. Herglotz et al., "Beyond
Bjøntegaard: Limits of Video Compression Performance Comparisons", ICIP 2022), whose authors advise
Akima's interpolation.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from msds.errors import require
from msds.sweeps.points import Point
from msds.text import counted

Method = Literal["akima", "pchip"]
METHODS: tuple[Method, ...] = ("akima", "pchip")

LEAST_POINTS = 4
"""Of a curve, as Bjøntegaard's measure was defined with; fewer say too little of its course."""


@dataclass(frozen=True)
class Curve:
    """A rate-quality curve that rises from point to point.

    Attributes
    ----------
    rates : bits per pixel.
    scores : of one metric.
    dropped : points that cost more than another one and score no better; they are left out, since
        nobody would choose them and no function of the score could hold them.
    """

    rates: tuple[float, ...]
    scores: tuple[float, ...]
    dropped: int = 0

    @classmethod
    def of(cls, points: Iterable[Point], metric: str) -> Curve:
        """The curve of one image and encoder by one metric."""
        known = sorted((p.rate, -p.scores[metric]) for p in points if metric in p.scores)
        rates: list[float] = []
        scores: list[float] = []
        for rate, negated in known:
            if not scores or (-negated > scores[-1] and rate > rates[-1]):
                rates.append(rate)
                scores.append(-negated)
        return cls(tuple(rates), tuple(scores), len(known) - len(rates))


@dataclass(frozen=True)
class Delta:
    """A curve against an anchor's.

    Attributes
    ----------
    log_rate : natural logarithm of the ratio of the rates at equal score; below 0 saves bytes.
    quality : difference of the scores at equal rate; above 0 is better.
    overlap : share of the scores of either curve that both reach, 0 to 1.
    problem : why there are no numbers, "" if there are.
    """

    log_rate: float = math.nan
    quality: float = math.nan
    overlap: float = 0.0
    problem: str = ""

    @property
    def percent(self) -> float:
        """BD-rate: how much more is spent at equal score, in per cent."""
        return percent(self.log_rate)


def percent(log_rate: float) -> float:
    """A logarithm of a ratio of rates as the change in per cent."""
    return 100 * math.expm1(log_rate)


def delta(anchor: Curve, test: Curve, method: Method = "akima") -> Delta:
    """BD-rate and BD-quality of a curve against an anchor's.

    Where either has fewer than four points, or there is no score or no rate that both reach, it
    says so and gives no number.
    """
    for name, curve in (("the anchor", anchor), ("this encoder", test)):
        if len(curve.rates) < LEAST_POINTS:
            count = len(curve.rates)
            found = counted(count, "rising points")
            return Delta(problem=f"{found} of {name}, {LEAST_POINTS} are needed")
    overlap = _overlap(anchor.scores, test.scores)
    if overlap <= 0:
        return Delta(problem="the curves have no score in common")
    if _overlap(anchor.rates, test.rates) <= 0:
        return Delta(problem="the curves have no rate in common")
    library = require("bjontegaard", "sweep")
    curves = (anchor.rates, anchor.scores, test.rates, test.scores)
    with warnings.catch_warnings():  # of little overlap, which the result tells
        warnings.simplefilter("ignore")
        options = {"method": method, "require_matching_points": False, "min_overlap": 0}
        rate = float(library.bd_rate(*curves, **options))
        quality = float(library.bd_psnr(*curves, **options))
    return Delta(math.log1p(rate / 100), quality, overlap)


def _overlap(first: Sequence[float], second: Sequence[float]) -> float:
    common = min(first[-1], second[-1]) - max(first[0], second[0])
    return common / (max(first[-1], second[-1]) - min(first[0], second[0]))


@dataclass(frozen=True)
class Mean:
    """A mean over images with its interval.

    Attributes
    ----------
    value, low, high : nan where there are too few images.
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def map(self, change: object) -> Mean:
        """The same on another scale, by a rising function."""
        assert callable(change)
        return Mean(change(self.value), change(self.low), change(self.high))


def mean_of(values: Sequence[float], resamples: int = 2000, seed: int = 0) -> Mean:
    """The mean over images and its interval of 95 %, by resampling the images.

    With few images the percentiles of the bootstrap are too narrow: so it gives the standard
    error, corrected by n / (n - 1) because it draws from the sample itself, and Student's t the
    rest (Hesterberg, The American Statistician 69(4), 2015).
    """
    found = np.array([value for value in values if math.isfinite(value)])
    if not len(found):
        return Mean(math.nan)
    value, count = float(found.mean()), len(found)
    if count < 2 or resamples < 2:
        return Mean(value)
    drawn = np.random.default_rng(seed).integers(0, count, (resamples, count))
    error = float(found[drawn].mean(axis=1).std(ddof=1)) * math.sqrt(count / (count - 1))
    half = error * float(require("scipy.stats", "sweep").t.ppf(0.975, count - 1))
    return Mean(value, value - half, value + half)
