"""Metrics on judgements: does a metric choose as people do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from msds.errors import InputError
from msds.scoring.contenders import Contender
from msds.study.datasets.preference import read_bapps
from msds.study.measuring import Work, score_set
from msds.study.statistics import Array, agreement_2afc, mean_average_precision


@dataclass(frozen=True)
class Judged:
    """How well metrics choose as people do.

    Attributes
    ----------
    task : "2afc", the share of people who chose as the metric did, or "jnd", the average
        precision of "no difference".
    kinds : of distortions.
    values : by metric, one number for each kind and one for all.
    """

    task: str
    judgements: int
    kinds: tuple[str, ...]
    values: dict[str, tuple[float, ...]]


def judge(
    root: Path,
    name: str,
    contenders: Sequence[Contender],
    work: Work | None = None,
) -> Judged:
    """Agreement with the choices (bapps-2afc) or the average precision (bapps-jnd), by kind.

    The authors' own numbers: share of people who chose as the metric did; mean average precision
    of "no difference" over the kinds.
    """
    task = name.lower().removeprefix("bapps-")
    data = read_bapps(root, task)
    pairs = data.comparisons()
    shares = np.array([item.share for item in data.judgements])
    kinds = [item.kind for item in data.judgements]
    values = {}
    for contender in contenders:
        numbers = score_set(pairs, contender, work)
        if numbers.errors:  # a choice between two images needs both
            raise InputError(f"{pairs.title}: {next(iter(numbers.errors.values()))}")
        scores = contender.fuse(numbers.table)
        values[contender.name] = tuple(
            _value(task, scores, shares, kinds, kind) for kind in (*data.kinds, None)
        )
    return Judged(task, len(shares), tuple(data.kinds), values)


def _value(
    task: str, scores: Array, shares: Array, kinds: Sequence[str], kind: str | None
) -> float:
    chosen = np.array([kind in (None, own) for own in kinds])
    if task == "2afc":
        first, second = scores[0::2][chosen], scores[1::2][chosen]
        return agreement_2afc(first, second, shares[chosen])
    own = [name for name, taken in zip(kinds, chosen, strict=True) if taken]
    return mean_average_precision(scores[chosen], shares[chosen], own)
