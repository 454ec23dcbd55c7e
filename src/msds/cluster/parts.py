"""Files of results: one for each block, written whole, and what all of them amount to."""

from __future__ import annotations

import heapq
import io
import re
import statistics
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from msds.cluster.entries import Entry
from msds.cluster.plan import Header
from msds.cluster.storage import commit, joined, names_in, open_arrow
from msds.errors import InputError, require
from msds.pairs import Pair
from msds.results import Conditions, Finding, Score
from msds.results.conditions import below
from msds.results.earlier import score_of_row
from msds.results.parquet import record_schema, record_table
from msds.results.summary import WORST, Counts
from msds.text import printable, reason

SHOWN = 20
"""So many records are remembered of each kind of trouble; the rest is counted."""

_PART = re.compile(r"part-(\d{6,})\.parquet")


def part_name(block: int) -> str:
    """The file of a block's results."""
    return f"part-{block:06d}.parquet"


def finished(out: str) -> frozenset[int]:
    """Blocks whose results are there."""
    matches = map(_PART.fullmatch, names_in(out))
    return frozenset(int(match[1]) for match in matches if match is not None)


def write_part(
    out: str,
    header: Header,
    block: int,
    entries: Sequence[Entry],
    records: Sequence[dict[str, Any]],
) -> list[Score]:
    """Write the results of a block; returns them, as the conditions of the run leave them.

    Raises
    ------
    InputError
        If they cannot be written.
    """
    parquet = require("pyarrow.parquet", "ray")
    conditions = Conditions(same_size=header.same_size)
    scores = [
        conditions.judged(score_of(entry, header, record))
        for entry, record in zip(entries, records, strict=True)
    ]
    schema = record_schema(header.columns, header.run.levels)
    table = record_table(scores, header.columns, header.run.levels, schema)
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    commit(joined(out, part_name(block)), buffer.getvalue())
    return scores


def score_of(entry: Entry, header: Header, record: dict[str, Any]) -> Score:
    """The record of an entry, from what a journal would keep."""
    return Score.of(_pair(entry), header.run, record)


def _pair(entry: Entry) -> Pair:
    from pathlib import Path

    return Pair(entry.reference, entry.distorted, Path(), Path(), entry.columns, entry.problem)


def scores_in(out: str, blocks: Sequence[int]) -> Iterator[Score]:
    """The records of some blocks, as they are read.

    Raises
    ------
    InputError
        If a file cannot be read, or does not hold results.
    """
    parquet = require("pyarrow.parquet", "ray")
    arrow = require("pyarrow", "ray")
    for block in blocks:
        location = joined(out, part_name(block))
        try:
            with open_arrow(location) as file:
                rows = parquet.read_table(file).to_pylist()
            yield from map(score_of_row, rows)
        except (OSError, arrow.ArrowException, KeyError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{printable(location)} does not hold results: {reason(error)}."
            ) from error


@dataclass
class Tally:
    """What very many records amount to, kept in little memory: eight bytes for each score.

    Attributes
    ----------
    count, failed, unequal : records; those without a score; those scored though sizes differ.
    failures : the first of those without a score.
    worst : the records of the lowest scores, lowest first.
    """

    fail_under: float | None = None
    count: int = 0
    failed: int = 0
    unequal: int = 0
    failures: list[Score] = field(default_factory=list)
    _scores: array[float] = field(default_factory=lambda: array("d"))
    _lowest: list[tuple[float, int, Score]] = field(default_factory=list)
    _below: int = 0

    def add(self, score: Score) -> None:
        """One more record."""
        self.count += 1
        if score.score is None:
            self.failed += 1
            if len(self.failures) < SHOWN:
                self.failures.append(score)
            return
        self.unequal += bool(score.size_difference)
        self._scores.append(score.score)
        if self.fail_under is not None and not score.score >= self.fail_under:
            self._below += 1
        entry = (-score.score, self.count, score)
        if len(self._lowest) < SHOWN:
            heapq.heappush(self._lowest, entry)
        elif entry > self._lowest[0]:
            heapq.heapreplace(self._lowest, entry)

    @property
    def counts(self) -> Counts:
        """How many there are of each kind."""
        return Counts(self.count, self.failed, self.unequal, self.median)

    @property
    def worst(self) -> list[Score]:
        """The five pairs of the lowest scores, lowest first."""
        return [score for _, _, score in sorted(self._lowest, reverse=True)[:WORST]]

    @property
    def median(self) -> float | None:
        """Median score, None if no pair was scored."""
        return statistics.median(self._scores) if self._scores else None

    @property
    def findings(self) -> list[Finding]:
        """The lowest scores that are below `fail_under`, and how many more there are."""
        if self.fail_under is None or not self._below:
            return []
        found = below((score for _, _, score in self._lowest), self.fail_under)
        if self._below > len(found):
            text = f"and {self._below - len(found)} more"
            found.append(Finding("below threshold", "", "", text))
        return found
