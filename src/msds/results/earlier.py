"""Results that were written before, read back as the records they were."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.results.record import RECORD_FIELDS, Run, Score, Size
from msds.results.tables import (
    DELIMITERS,
    SIDES,
    SIZE_COLUMNS,
    check_output,
)
from msds.rows import read_rows
from msds.text import printable, reason, without_apostrophe

_LEVEL = re.compile(r"level_[1-9]\d*")


def read_results(path: Path) -> list[Score]:
    """The records of a file that `write_results` wrote, in this version or an earlier one.

    In tables all carried columns are text but for those of Parquet, and so are those of CSV.

    Raises
    ------
    InputError
        If the file is not there or does not hold results.
    """
    if not path.is_file():
        raise InputError(f"{printable(path)}: no such file; expected earlier results.")
    check_output(path)
    try:
        rows = (row for _, row in read_rows(path, "results"))
        plain = path.suffix.lower() in DELIMITERS
        return [score_of_row(row) for row in (map(_plain, rows) if plain else rows)]
    except InputError:
        raise
    except (ArithmeticError, KeyError, TypeError, ValueError, RecursionError) as error:
        what = f"there is no column {error}" if isinstance(error, KeyError) else reason(error)
        raise InputError(f"{printable(path)} does not hold results: {what}.") from error


def _plain(row: Mapping[str, str]) -> dict[str, str]:
    """Cells without what `csv_safe` has put in front of some."""
    return {without_apostrophe(name): without_apostrophe(cell) for name, cell in row.items()}


def score_of_row(row: Mapping[str, Any]) -> Score:
    """The record that a row of results is.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is none.
    """
    return Score(
        reference=row["reference"],
        distorted=row["distorted"],
        score=_number(row["score"]),
        levels=_levels(row),
        error=row["error"] or None,
        notes=_notes(row.get("notes")),
        reference_size=_size(row, "reference"),
        distorted_size=_size(row, "distorted"),
        reference_sha256=row.get("reference_sha256") or None,
        distorted_sha256=row.get("distorted_sha256") or None,
        seconds=_number(row.get("seconds")) or 0.0,
        run=_run(row["model"], row["fingerprint"], row["settings"]),
        columns={name: value for name, value in row.items() if _is_carried(name)},
    )


def _is_carried(name: str) -> bool:
    return not (name in RECORD_FIELDS or name in SIZE_COLUMNS or _LEVEL.fullmatch(name))


def _number(value: Any) -> float | None:
    if value in (None, ""):
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"found {number}, which is no finite number")
    return number


def _levels(row: Mapping[str, Any]) -> tuple[float, ...]:
    """A list in JSON Lines, a column for each in tables."""
    if "levels" in row:
        return tuple(map(float, row["levels"]))
    names = sorted((n for n in row if _LEVEL.fullmatch(n)), key=lambda n: int(n[len("level_") :]))
    return tuple(value for name in names if (value := _number(row[name])) is not None)


def _notes(value: Any) -> tuple[str, ...]:
    """A list in JSON Lines, joined by semicolons in tables."""
    return (
        tuple(value.split("; ") if value else ()) if isinstance(value, str) else tuple(value or ())
    )


def _size(row: Mapping[str, Any], role: str) -> Size | None:
    """A list in JSON Lines, two numbers in tables."""
    sides = row.get(f"{role}_size") or [row.get(f"{role}_{side}") for side in SIDES]
    return (int(sides[0]), int(sides[1])) if all(sides) else None


def _run(model: str, fingerprint: str, settings: Any) -> Run:
    """Settings are an object in JSON Lines, its text in tables; all rows share one run."""
    text = settings if isinstance(settings, str) else json.dumps(settings, sort_keys=True)
    return _shared_run(model, fingerprint, text)


@lru_cache(maxsize=64)
def _shared_run(model: str, fingerprint: str, text: str) -> Run:
    settings = json.loads(text)
    if not isinstance(settings, dict):
        raise TypeError(f"settings are {type(settings).__name__}, not an object")
    return Run(model, fingerprint, settings)
