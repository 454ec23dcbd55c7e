"""Files of results: one for each block, written whole, and what all of them amount to."""

from __future__ import annotations

import heapq
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from msds.cluster.entries import Entry
from msds.cluster.plan import Header
from msds.cluster.storage import commit, joined, names_in, open_arrow
from msds.errors import InputError, require
from msds.pairs import Pair
from msds.results import Conditions, Finding, Score
from msds.results.conditions import below
from msds.results.parquet import record_schema, record_table
from msds.results.summary import WORST, Counts
from msds.results.tables import SIDES, SIZE_COLUMNS
from msds.text import printable, reason

SHOWN = 20
"""So many records are remembered of each kind of trouble; the rest is counted."""

COUNTED = ("reference", "distorted", "score", "error", *SIZE_COLUMNS)
"""Columns of records that a `PairTally` needs."""

READERS, AHEAD = 16, 64
"""Threads that read files of results, and files that they read ahead."""

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


def tables_in(out: str, blocks: Sequence[int], columns: Sequence[str] | None) -> Iterator[Any]:
    """The records of some blocks, as tables in their order, of which few are held at a time.

    Parameters
    ----------
    columns : that are read; all by default.

    Raises
    ------
    InputError
        If a file cannot be read, or does not hold results.
    """
    with ThreadPoolExecutor(READERS) as threads:
        for start in range(0, len(blocks), AHEAD):
            part = blocks[start : start + AHEAD]
            yield from threads.map(lambda block: _table(out, block, columns), part)


def _table(out: str, block: int, columns: Sequence[str] | None) -> Any:
    parquet = require("pyarrow.parquet", "ray")
    arrow = require("pyarrow", "ray")
    location = joined(out, part_name(block))
    try:
        with open_arrow(location) as file:
            table = parquet.ParquetFile(file).read(columns)
            return table if columns is None else table.select(list(columns))
    except (OSError, arrow.ArrowException, KeyError) as error:
        raise InputError(
            f"{printable(location)} does not hold results: {reason(error)}."
        ) from error


@dataclass
class PairTally:
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

    def add(self, table: Any) -> None:
        """Some more records: a table of them with the columns `COUNTED`."""
        scores = table.column("score").to_numpy()  # not a number where there is none
        there = ~np.isnan(scores)
        found = scores[there]
        self._scores.frombytes(found.tobytes())
        self.failed += len(scores) - len(found)
        self.unequal += int(np.count_nonzero(there & _unequal(table)))
        if self.fail_under is not None:
            self._below += int(np.count_nonzero(found < self.fail_under))
        for k in np.flatnonzero(~there)[: SHOWN - len(self.failures)].tolist():
            self.failures.append(_record(table, k))
        for k in np.argsort(scores, kind="stable")[: min(SHOWN, len(found))].tolist():
            self._consider(float(scores[k]), self.count + k, table, k)
        self.count += len(scores)

    def _consider(self, score: float, number: int, table: Any, k: int) -> None:
        """Remember a record if it is among the lowest; of equal ones the first."""
        if len(self._lowest) < SHOWN:
            heapq.heappush(self._lowest, (-score, -number, _record(table, k)))
        elif (-score, -number) > self._lowest[0][:2]:
            heapq.heapreplace(self._lowest, (-score, -number, _record(table, k)))

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
        if not self._scores:
            return None
        # In place: `statistics.median` would make an object of each of very many numbers.
        return float(np.median(np.frombuffer(self._scores), overwrite_input=True))

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


def _unequal(table: Any) -> Any:
    """Which records are of images of different size."""
    sides = {name: table.column(name).to_numpy() for name in SIZE_COLUMNS}
    differ = [
        (sides[f"reference_{side}"] != sides[f"distorted_{side}"])
        & ~np.isnan(sides[f"reference_{side}"])
        & ~np.isnan(sides[f"distorted_{side}"])
        for side in SIDES
    ]
    return differ[0] | differ[1]


def _record(table: Any, k: int) -> Score:
    """One record, as far as the columns tell."""
    (row,) = table.slice(k, 1).to_pylist()
    return Score(row["reference"], row["distorted"], row["score"], error=row["error"])
