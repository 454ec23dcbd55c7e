"""Random splits over references, many times: what weights are worth on references held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msds.method.fusion import equal_weights
from msds.study.benchmark import Settings, agree
from msds.study.datasets.base import RatedSet
from msds.study.fitting import Objective, fused, learn_weights
from msds.study.measuring import Progress
from msds.study.statistics import Array
from msds.study.transfer import EQUAL, ONE

LEARNED = "learned weights"

LEAST_PAIRS = 10
"""Of a part: with fewer a correlation says nothing."""

_MOST_DRAWS = 50  # per split that is asked for


@dataclass(frozen=True)
class Splits:
    """Agreement on the held-out parts.

    Attributes
    ----------
    values : (splits, 3) SRCC, KRCC and PLCC of `LEARNED`, `EQUAL` and `ONE`, by their names.
    pairs : (splits,) in the held-out parts.
    """

    values: dict[str, Array]
    pairs: NDArray[np.intp]

    def medians(self, way: str) -> Array:
        """(3,) medians of SRCC, KRCC and PLCC."""
        return np.asarray(np.median(self.values[way], axis=0))

    def wins(self, rival: str) -> str:
        """In how many of the splits learned weights have the higher SRCC, as "41 of 50"."""
        learned = self.values[LEARNED][:, 0]
        better = int((learned > self.values[rival][:, 0]).sum())
        return f"{better} of {len(learned)}"


def random_splits(
    data: RatedSet,
    table: Array,
    count: int = 100,
    *,
    share: float = 0.8,
    seed: int = 0,
    objective: Objective = "srcc",
    form: str = "linear",
    progress: Progress | None = None,
) -> Splits | None:
    """Learn on a random part of the references and measure on the others, `count` times at most.

    Parameters
    ----------
    data, table : the set and its (n, K) level scores.
    share : of the references, that is learned from.
    seed : of the splits.

    Returns
    -------
    Splits, fewer where the references allow no more, or None where none leaves enough pairs on
    both sides.
    """
    levels = table.shape[1]
    settings = Settings(curve=4, resamples=0)
    splits = draw_splits(data.groups, count, share, max(LEAST_PAIRS, 2 * levels + 1), seed)
    if not splits:
        return None
    found: dict[str, list[tuple[float, float, float]]] = {LEARNED: [], EQUAL: [], ONE: []}
    for number, (train, test) in enumerate(splits, start=1):
        weights = learn_weights(table[train], data.quality[train], objective=objective, form=form)
        held_out = data.subset(test)
        ways = {
            LEARNED: fused(table[test], weights, form),
            EQUAL: fused(table[test], equal_weights(levels), form),
            ONE: table[test, 0],
        }
        for way, scores in ways.items():
            one = agree(held_out, scores, settings)
            found[way].append((one.srcc, one.krcc, one.plcc))
        if progress is not None:
            progress(f"splits of {data.title}", number, len(splits))
    values = {way: np.array(rows) for way, rows in found.items()}
    return Splits(values, np.array([len(test) for _, test in splits]))


def draw_splits(
    groups: Sequence[str], count: int, share: float, least: int, seed: int
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Indices of the pairs to learn from and of those held out, by whole references.

    Parameters
    ----------
    share : of the references, to learn from; at least one is on either side.
    least : pairs on either side.

    Returns
    -------
    At most `count` splits, all different: with few references there are not so many, and none where
    `least` cannot be had.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    if names.size < 2:
        return []
    kept = min(names.size - 1, max(1, round(share * names.size)))
    random = np.random.default_rng(seed)
    found: dict[bytes, tuple[NDArray[np.intp], NDArray[np.intp]]] = {}
    for _ in range(count * _MOST_DRAWS):
        chosen = np.isin(member, random.permutation(names.size)[:kept])
        if min(chosen.sum(), (~chosen).sum()) >= least:
            found[chosen.tobytes()] = np.flatnonzero(chosen), np.flatnonzero(~chosen)
            if len(found) == count:
                break
    return list(found.values())
