"""Numbers of whole sets, computed once: every finished pair is kept on disk at once.

Pairs are scored by the engine, and kept in the journal of `msds.results`: one per contender and
list of images, whatever opinions go with these. A pair whose images have changed since is computed
again, and one that could not be scored has the reason instead of numbers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.pairs.saliency import COLUMNS
from msds.places import studies_folder
from msds.results import Journal, Score
from msds.scoring import Options, Reading
from msds.scoring.changes import changed_rows
from msds.scoring.contenders import Contender
from msds.study.datasets.base import RatedSet
from msds.study.statistics import Array

Progress = Callable[[str, int, int], None]
"""Called with what is done, how many pairs are finished, and how many there are."""


def default_cache() -> Path:
    """Where studies keep their numbers: `MSDS_STUDY_CACHE`, or `study` in the cache."""
    named = os.environ.get("MSDS_STUDY_CACHE")
    return Path(named) if named else studies_folder()


@dataclass(frozen=True)
class Work:
    """How the numbers of a study are made and kept; none of it changes them.

    Attributes
    ----------
    cache : folder of journals, made if needed; None keeps nothing.
    reading : how files become pixels.
    options : of the engine: memory and threads.
    progress : called after every pair.
    """

    cache: Path | None = None
    reading: Reading = field(default_factory=Reading)
    options: Options = field(default_factory=Options)
    progress: Progress | None = None

    def tell(self, what: str, done: int, count: int) -> None:
        """Report progress, if anybody listens."""
        if self.progress is not None:
            self.progress(what, done, count)


@dataclass(frozen=True)
class Numbers:
    """The numbers of one contender on one set.

    Attributes
    ----------
    table : (n, K) array, one column for each of the contender's; nan where an image was too small
        for a level, and in all columns where a pair could not be scored.
    errors : by row, why it could not.
    """

    table: Array
    errors: Mapping[int, str] = field(default_factory=dict)


def score_set(data: RatedSet, contender: Contender, work: Work | None = None) -> Numbers:
    """Numbers of every pair of a set.

    Parameters
    ----------
    data : the rated pairs.
    contender : what is measured.
    work : how.
    """
    work = work or Work()
    plan = contender.planned(plan_of(data), data.root)
    count = len(plan.pairs)
    found: dict[int, Score] = {}
    with ExitStack() as stack:
        journal = None
        if work.cache is not None:
            path = work.cache / f"{plan.digest[:16]}-{contender.key[:16]}.journal"
            journal = stack.enter_context(Journal(path, plan, contender.run))
            found = {row: score for row, score in journal.scores() if score.error is None}
            for row in changed_rows(plan.pairs, found, work.options.threads):
                del found[row]
        work.tell(contender.name, len(found), count)
        rows = [row for row in range(count) if row not in found]
        for row, score in contender.scores(plan.pairs, rows, work.reading, work.options):
            found[row] = score
            if journal is not None:
                journal.add(row, score)
            work.tell(contender.name, len(found), count)
    table = np.full((count, len(contender.columns)), math.nan)
    for row, score in found.items():
        table[row, : len(score.levels)] = score.levels
    return Numbers(table, {r: s.error for r, s in sorted(found.items()) if s.error is not None})


def plan_of(data: RatedSet) -> Plan:
    """The pairs of a set without their opinions, by names within the set."""
    return Plan(
        tuple(
            Pair(
                data.relative(pair.reference),
                data.relative(pair.distorted),
                pair.reference,
                pair.distorted,
                dict(zip(COLUMNS, pair.saliency, strict=True)) if pair.saliency else {},
            )
            for pair in data.pairs
        )
    )


@dataclass(frozen=True)
class Measured:
    """The pairs of a set that every contender could score.

    Attributes
    ----------
    data : these pairs.
    tables : their numbers, one table for each contender.
    left_out : the other pairs' distorted images, with the reason.
    """

    data: RatedSet
    tables: tuple[Array, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


def measure_set(
    data: RatedSet, contenders: Sequence[Contender], work: Work | None = None
) -> Measured:
    """Numbers of all contenders for the pairs that every one of them could score.

    Raises
    ------
    InputError
        If there is no such pair.
    """
    numbers = [score_set(data, contender, work) for contender in contenders]
    errors = {row: text for one in reversed(numbers) for row, text in one.errors.items()}
    rows = [row for row in range(len(data)) if row not in errors]
    if not rows:
        reason = next(iter(errors.values()), "there are none")
        raise InputError(f"{data.title}: no pair could be scored; the first: {reason}")
    left_out = {
        data.relative(data.pairs[row].distorted): text for row, text in sorted(errors.items())
    }
    kept = data.subset(rows) if errors else data
    return Measured(kept, tuple(one.table[rows] for one in numbers), left_out)


def level_scores(data: RatedSet, contender: Contender, work: Work | None = None) -> Measured:
    """`measure_set` of one contender."""
    return measure_set(data, [contender], work)
