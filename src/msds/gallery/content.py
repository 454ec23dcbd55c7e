"""What the page of a run holds: its numbers in words, and the rows that its script shows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msds.gallery.comparison import Change, Compared, Comparison
from msds.models.levels import level_name
from msds.results import Score, Summary
from msds.text import one_line

Keys = Callable[[Score], tuple[str | None, str | None]]
"""Keys of the pictures of a pair's reference and distorted image."""

FIELDS = (
    *("distorted", "reference", "score", "levels", "error", "notes", "sizes", "columns"),
    *("before", "change", "pictures"),
)
"""What a row is made of, in this order."""

STRIP = 8
"""So many of the worst and of the best are shown before the table."""


def rows_of(scores: Sequence[Score], comparison: Comparison | None) -> tuple[Compared, ...]:
    """The rows of the table: those of a comparison, or of the run alone."""
    if comparison is not None:
        return comparison.pairs
    return tuple(Compared(score, None, Change.NEW) for score in scores)


def table_data(
    rows: Sequence[Compared], comparison: Comparison | None, keys: Keys
) -> dict[str, Any]:
    """What the script needs, as JSON-able values."""
    columns = list(dict.fromkeys(name for row in rows for name in row.score.columns))
    models = {row.score.run.model for row in rows}
    counts = sorted({len(row.score.levels) for row in rows})
    if len(models) > 1:
        columns = ["model", *columns]
    return {
        "fields": FIELDS,
        "columns": [one_line(name) for name in columns],
        "folders": [
            common_folder(row.score.distorted for row in rows),
            common_folder(row.score.reference for row in rows),
        ],
        "low": lowest(rows),
        "levels": {count: [level_name(k, count) for k in range(count)] for count in counts},
        "compared": comparison is not None,
        "tolerance": None if comparison is None else comparison.tolerance,
        "rows": [_row(row, columns, comparison is not None, keys) for row in rows],
    }


def _row(row: Compared, columns: Sequence[str], compared: bool, keys: Keys) -> list[Any]:
    score = row.score
    sizes = [*(score.reference_size or ()), *(score.distorted_size or ())]
    values = {"model": score.run.model, **score.columns}
    return [
        one_line(score.distorted),
        one_line(score.reference),
        _finite(row.now),
        [_finite(level) for level in score.levels],
        one_line(score.error) if score.error else None,
        one_line("; ".join(score.notes)),
        sizes,
        [one_line(_text(values.get(name))) for name in columns],
        _finite(row.before),
        row.change.value if compared else None,
        keys(score),
    ]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def common_folder(names: Iterable[str]) -> str:
    """What all names start with, up to a /: it is left out where names are short of room."""
    folders = [name.split("/")[:-1] for name in dict.fromkeys(names)]
    shared = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return one_line("".join(f"{part}/" for part in shared))


def lowest(rows: Iterable[Compared]) -> float:
    """Where bars of scores start: the lowest score, rounded down to a tenth; at most 0.9."""
    found = [
        value
        for row in rows
        for value in (row.now, *row.score.levels)
        if value is not None and math.isfinite(value)
    ]
    return min(0.9, math.floor(10 * min(found, default=0.0)) / 10)


def level_medians(rows: Sequence[Compared]) -> list[tuple[str, float]]:
    """The median of each level over all pairs that have it."""
    most = max((len(row.score.levels) for row in rows), default=0)
    found = []
    for level in range(most):
        values = [row.score.levels[level] for row in rows if level < len(row.score.levels)]
        finite = [value for value in values if math.isfinite(value)]
        if finite:
            found.append((level_name(level, most), statistics.median(finite)))
    return found


def strips(
    rows: Sequence[Compared], compared: bool, count: int = STRIP
) -> tuple[list[int], list[int]]:
    """Rows of the worst, worst first, and of the best, best first: by score, or by change."""

    def measure(row: Compared) -> float | None:
        return row.difference if compared else row.now

    order = sorted((value, k) for k, row in enumerate(rows) if (value := measure(row)) is not None)
    if not compared:
        half = min(count, len(order) // 2 or len(order))
        return [k for _, k in order[:half]], [k for _, k in order[: -half - 1 : -1]]
    worse = [k for _, k in order if rows[k].change is Change.WORSE]
    better = [k for _, k in reversed(order) if rows[k].change is Change.BETTER]
    return worse[:count], better[:count]


def facts(rows: Sequence[Compared], comparison: Comparison | None) -> list[tuple[str, str]]:
    """(number, what it counts): the run in a line."""
    if comparison is not None:
        counts = comparison.counts
        shown = [(f"{counts[change]:,}", change.value) for change in Change if counts[change]]
        return shown or [("0", "pairs")]
    summary = Summary(tuple(row.score for row in rows))
    found = [(f"{len(rows):,}", "pairs" if len(rows) != 1 else "pair")]
    if summary.median is not None:
        worst = summary.worst[0].score
        found += [(f"{summary.median:.4f}", "median"), (f"{worst:.4f}", "lowest")]
    if summary.failures:
        found.append((f"{len(summary.failures):,}", "failed"))
    if summary.unequal:
        found.append((f"{len(summary.unequal):,}", "of unequal sizes"))
    return found
