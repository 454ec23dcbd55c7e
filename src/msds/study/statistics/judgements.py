"""Does a metric choose as people do? The measures of BAPPS, for judgements and not opinions.

After Zhang, Isola, Efros, Shechtman and Wang (CVPR 2018): the share of people who chose as the
metric did (2AFC), and the average precision of its order (JND).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from msds.study.statistics.curves import Array


def agreement_2afc(first: Array, second: Array, shares: Array) -> float:
    """Mean share of people who chose as the metric did.

    `first`, `second` are (n,) quality scores of the two patches (higher is closer to the
    reference), `shares` the share of people who chose the second. A tie earns one half.
    """
    choice = np.where(second > first, shares, 1.0 - shares)
    return float(np.mean(np.where(first == second, 0.5, choice)))


def mean_average_precision(scores: Array, same: Array, kinds: Sequence[str]) -> float:
    """Average precision of "no difference" when pairs are sorted by score, mean over the kinds."""
    names = np.asarray(kinds)
    areas = [
        _average_precision(scores[names == kind], same[names == kind])
        for kind in dict.fromkeys(kinds)
    ]
    return float(np.mean(areas))


def _average_precision(scores: Array, same: Array) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(same[order])
    if hits[-1] == 0:
        return 0.0
    precision = hits / np.arange(1, hits.size + 1)
    recall = hits / hits[-1]
    # The precision at a recall is the best one at this recall or beyond (PASCAL VOC 2010).
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))
