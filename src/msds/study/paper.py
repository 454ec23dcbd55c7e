"""The paper's comparison: one level against several, on every set, learned on the others.

Level scores of a trunk are computed once per set. From them come level 1 alone (DeepSSIM), all
levels equally weighted, and all levels with weights learned on the other sets only, each of which
weighs the same. Weights learned on one set are also tried on every other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msds.errors import InputError
from msds.method.fusion import equal_weights
from msds.scoring.contenders import Contender, DeepContender
from msds.study.benchmark import Settings, agree
from msds.study.datasets import RatedSet, open_dataset
from msds.study.fitting import fused
from msds.study.measuring import Work, measure_set
from msds.study.statistics import (
    Agreement,
    Array,
    Comparison,
    Resamples,
    paired_bootstrap,
    spearman,
)
from msds.study.transfer import EQUAL, ONE, Transfer, study_transfer

SETS = ("live", "csiq", "tid2013", "kadid10k", "pipal")
"""The sets of the paper, by id."""

LISTED = {"tid2013": 0.864, "csiq": 0.955, "kadid10k": 0.921, "live": 0.967, "pipal": 0.701}
"""SRCC of the paper's tables by an automatic listing that could not be verified; another of CSIQ
says 0.964."""

LEARNED = "weights learned on the other sets"


@dataclass(frozen=True)
class OnSet:
    """One set.

    Attributes
    ----------
    data : the pairs that every contender could score.
    left_out : the other pairs, with the reason.
    table : (n, K) level scores.
    agreements : of every way to score, and of other metrics, by name.
    gains : SRCC of a way minus that of another, over resampled references, or ladders where these
        are few; none where neither suffice.
    """

    data: RatedSet
    left_out: Mapping[str, str]
    table: Array
    agreements: Mapping[str, Agreement]
    gains: Mapping[tuple[str, str], Comparison]


@dataclass(frozen=True)
class PaperStudy:
    """All sets of one trunk.

    Attributes
    ----------
    name : of the trunk.
    sets : in the order in which they were given.
    transfer : weights learned on each set, on all but each and on all, and each of these tried on
        every set.
    """

    name: str
    levels: int
    sets: tuple[OnSet, ...]
    transfer: Transfer


def find_sets(root: Path, names: Sequence[str] = SETS) -> tuple[list[RatedSet], dict[str, str]]:
    """The sets of these names below a folder, and why the others are not there."""
    found, missing = [], {}
    for name in names:
        try:
            found.append(open_dataset(name, root))
        except InputError as error:
            missing[name] = str(error)
    return found, missing


def study_paper(
    sets: Sequence[RatedSet],
    contender: DeepContender,
    others: Sequence[Contender] = (),
    settings: Settings | None = None,
    work: Work | None = None,
) -> PaperStudy:
    """Compare one level with several on every set.

    Parameters
    ----------
    contender : all levels of a trunk.
    others : metrics to compare with.
    """
    settings = settings or Settings()
    measured = [measure_set(data, [contender, *others], work) for data in sets]
    transfer = study_transfer(measured, settings=settings)
    results = []
    for name, one in zip(transfer.names, measured, strict=True):
        ways = _ways(one.tables[0], transfer.rest(name))
        scores = ways | {
            other.name: other.fuse(table)
            for other, table in zip(others, one.tables[1:], strict=True)
        }
        samples = one.data.resamples(settings.resamples, settings.seed)
        found = {name: agree(one.data, s, settings) for name, s in scores.items()}
        gains = _gains(one.data, ways, samples)
        results.append(OnSet(one.data, one.left_out, one.tables[0], found, gains))
    levels = len(contender.columns)
    return PaperStudy(contender.metric.trunk.name, levels, tuple(results), transfer)


def _ways(table: Array, learned: Array | None) -> dict[str, Array]:
    ways = {ONE: table[:, 0], EQUAL: fused(table, equal_weights(table.shape[1]))}
    return ways if learned is None else ways | {LEARNED: fused(table, learned)}


def _gains(
    data: RatedSet, ways: Mapping[str, Array], samples: Resamples | None
) -> dict[tuple[str, str], Comparison]:
    if samples is None:
        return {}
    asked = [(EQUAL, ONE), (LEARNED, ONE), (LEARNED, EQUAL)]
    return {
        (first, second): paired_bootstrap(
            ways[first], ways[second], data.quality, samples, spearman
        )
        for first, second in asked
        if first in ways
    }
