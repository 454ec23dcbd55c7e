"""Krasula's analysis: does a metric know which pairs differ, and which of the two is better?

After Krasula, Fliegel, Le Callet and Klima, "On the accuracy of objective image and video quality
models: new methodology for performance evaluation" (QoMEX 2016). Every two rated images form a
pair; people either see a significant difference in quality or not. A metric is asked two things:

- different or similar: does |difference of scores| separate the two kinds of pairs? (AUC)
- better or worse: among pairs that differ, does the signed difference separate the directions?
  (AUC, and the share of correct signs)

No curve is needed, and sets with different scales can be pooled. AUCs of two metrics on the same
pairs are compared with DeLong's test (DeLong, DeLong and Clarke-Pearson, 1988). Like the original,
it takes the pairs as independent, which pairs that share an image are not: its p-values are
optimistic, and `msds.study.statistics.paired_bootstrap` is the stricter judge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msds.errors import InputError, require
from msds.study.statistics.comparison import Comparison
from msds.study.statistics.correlation import ranks
from msds.study.statistics.curves import Array

_MOST_PAIRS = 2_000_000


@dataclass(frozen=True)
class OpinionPairs:
    """Pairs of rated images, sorted by whether people see a difference.

    Attributes
    ----------
    first, second : (m,) indices of the two images; for `different` pairs the first is the better.
    different : (m,) whether the opinions differ significantly.
    sampled : whether only a random part of all pairs was kept.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    different: NDArray[np.bool_]
    sampled: bool


@dataclass(frozen=True)
class Krasula:
    """A metric's results: areas under the curves, and the share of correct signs."""

    auc_different: float
    auc_better: float
    correct_sign: float
    pairs_different: int
    pairs_similar: int


def opinion_pairs(
    opinions: Array,
    standard_errors: Array,
    *,
    level: float = 0.95,
    most: int = _MOST_PAIRS,
    seed: int = 0,
) -> OpinionPairs:
    """Sort all pairs of images by a z-test on their opinions.

    Parameters
    ----------
    opinions : (n,) turned so that higher is better.
    standard_errors : (n,) standard errors of the opinions.
    level : confidence above which two opinions differ.
    most : keep at most so many pairs, drawn at random with `seed`.
    """
    stats = require("scipy.stats", "study")
    if opinions.shape != standard_errors.shape or opinions.size < 3:
        raise InputError(
            "Krasula's analysis needs a standard error for each of 3 or more opinions, got shapes "
            f"{opinions.shape} and {standard_errors.shape}."
        )
    first, second = np.triu_indices(opinions.size, k=1)
    sampled = first.size > most
    if sampled:
        kept = np.random.default_rng(seed).choice(first.size, most, replace=False)
        first, second = first[kept], second[kept]
    gap = opinions[first] - opinions[second]
    spread = np.sqrt(standard_errors[first] ** 2 + standard_errors[second] ** 2)
    different = np.abs(gap) > spread * float(stats.norm.ppf(0.5 + level / 2))
    swap = gap < 0
    first[swap], second[swap] = second[swap], first[swap]
    return OpinionPairs(first, second, different, sampled)


def area_under_curve(positives: Array, negatives: Array) -> float:
    """Probability that a positive lies above a negative, ties counting half; nan without either."""
    if not positives.size or not negatives.size:
        return math.nan
    place = ranks(np.concatenate([positives, negatives]))[: positives.size]
    count = positives.size
    return float((place.sum() - count * (count + 1) / 2) / (count * negatives.size))


def krasula(scores: Array, pairs: OpinionPairs) -> Krasula:
    """Analyse one metric's (n,) scores, turned so that higher is better."""
    gap = scores[pairs.first] - scores[pairs.second]
    size, signed = np.abs(gap), gap[pairs.different]
    return Krasula(
        area_under_curve(size[pairs.different], size[~pairs.different]),
        area_under_curve(signed, -signed),
        float(np.mean((signed > 0) + 0.5 * (signed == 0))) if signed.size else math.nan,
        int(pairs.different.sum()),
        int((~pairs.different).sum()),
    )


def _placements(positives: Array, negatives: Array) -> tuple[Array, Array]:
    """DeLong's structural components: share of the other class below (above) each value."""
    m, n = positives.size, negatives.size
    together = ranks(np.concatenate([positives, negatives]))
    above = (together[:m] - ranks(positives)) / n
    below = 1.0 - (together[m:] - ranks(negatives)) / m
    return above, below


def compare_areas(positives: tuple[Array, Array], negatives: tuple[Array, Array]) -> Comparison:
    """DeLong's paired test of the AUCs of metrics A and B.

    Parameters
    ----------
    positives, negatives : values of metric A and of metric B for the same cases.
    """
    stats = require("scipy.stats", "study")
    areas, above, below = [], [], []
    for positive, negative in zip(positives, negatives, strict=True):
        up, down = _placements(positive, negative)
        areas.append(float(up.mean()))
        above.append(up)
        below.append(down)
    difference = areas[0] - areas[1]
    variance = float(np.var(above[0] - above[1], ddof=1)) / above[0].size
    variance += float(np.var(below[0] - below[1], ddof=1)) / below[0].size
    if variance <= 0:
        return Comparison(difference, 0.0, 1.0 if difference == 0 else 0.0)
    z = difference / math.sqrt(variance)
    return Comparison(difference, z, float(2 * stats.norm.sf(abs(z))))


def compare(scores_a: Array, scores_b: Array, pairs: OpinionPairs) -> tuple[Comparison, Comparison]:
    """Compare two metrics, both turned higher-is-better: (different/similar, better/worse)."""
    gaps = [scores[pairs.first] - scores[pairs.second] for scores in (scores_a, scores_b)]
    sizes = [np.abs(gap) for gap in gaps]
    signed = [gap[pairs.different] for gap in gaps]
    by_size = compare_areas(
        (sizes[0][pairs.different], sizes[1][pairs.different]),
        (sizes[0][~pairs.different], sizes[1][~pairs.different]),
    )
    by_sign = compare_areas((signed[0], signed[1]), (-signed[0], -signed[1]))
    return by_size, by_sign
