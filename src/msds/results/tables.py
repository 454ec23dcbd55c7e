"""Results as files: JSON Lines, CSV and Parquet, by suffix; written whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from msds.errors import InputError, require
from msds.files import atomic_write
from msds.pairs import Plan
from msds.results.record import (
    Outcome,
    Run,
    Size,
    flat,
    flat_fields,
    record,
    size_difference,
)
from msds.text import printable, reason

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".parquet")
ROWS_PER_GROUP = 10_000
ROLES = ("reference", "distorted")
SIDES = ("width", "height")
SIZE_COLUMNS = tuple(f"{role}_{side}" for role in ROLES for side in SIDES)

Outcomes = Iterable[tuple[int, Outcome]]


def check_output(path: Path) -> None:
    """Refuse a name whose suffix is not of a format that results can have."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{printable(path)}: the name of results ends in {', '.join(SUFFIXES)}; found "
            f"{path.suffix or 'none'}."
        )
    if path.is_dir():
        raise InputError(f"{printable(path)}: this is a folder; expected a file for results.")
    if path.suffix.lower() == ".parquet":
        require("pyarrow.parquet", "parquet")


def write_results(path: Path, plan: Plan, run: Run, outcomes: Outcomes) -> None:
    """Write all outcomes in the format of the file's suffix.

    Raises
    ------
    InputError
        If the suffix is none of `SUFFIXES`.
    """
    check_output(path)
    writers: dict[str, Callable[[Path, Plan, Run, Outcomes], None]] = {
        ".csv": _write_csv,
        ".parquet": _write_parquet,
    }
    writers.get(path.suffix.lower(), _write_json)(path, plan, run, outcomes)


def json_line(plan: Plan, run: Run, row: int, outcome: Outcome) -> str:
    """One record as a line of JSON, without its end."""
    return json.dumps(record(plan.pairs[row], run, outcome), ensure_ascii=False, default=str)


def _write_json(path: Path, plan: Plan, run: Run, outcomes: Outcomes) -> None:
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        for row, outcome in outcomes:
            file.write(json_line(plan, run, row, outcome) + "\n")


def _write_csv(path: Path, plan: Plan, run: Run, outcomes: Outcomes) -> None:
    fields = flat_fields(plan.columns, run.levels)
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, fields, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row, outcome in outcomes:
            writer.writerow(flat(plan.pairs[row], run, outcome, plan.columns))


def _write_parquet(path: Path, plan: Plan, run: Run, outcomes: Outcomes) -> None:
    arrow = require("pyarrow", "parquet")
    parquet = require("pyarrow.parquet", "parquet")
    schema = arrow.schema(list(_arrow_types(plan, run).items()))
    rows: Iterator[tuple[int, Outcome]] = iter(outcomes)
    with atomic_write(path) as file, parquet.ParquetWriter(file, schema) as writer:
        while chunk := list(islice(rows, ROWS_PER_GROUP)):
            table = [flat(plan.pairs[row], run, outcome, plan.columns) for row, outcome in chunk]
            for cells in table:
                cells.update(
                    (name, str(cells[name]))
                    for name in plan.columns
                    if schema.field(name).type == arrow.string() and cells[name] is not None
                )
            writer.write_table(arrow.Table.from_pylist(table, schema=schema))


def _arrow_types(plan: Plan, run: Run) -> dict[str, Any]:
    """Types of the columns; those carried through keep theirs where all rows agree."""
    arrow = require("pyarrow", "parquet")
    types = dict.fromkeys(flat_fields(plan.columns, run.levels), arrow.string())
    numbers = ("score", "seconds", *(f"level_{k + 1}" for k in range(run.levels)))
    types.update(dict.fromkeys(numbers, arrow.float64()))
    types.update(dict.fromkeys(SIZE_COLUMNS, arrow.int64()))
    for name in plan.columns:
        values = [pair.columns.get(name) for pair in plan.pairs]
        kinds = {type(value) for value in values if value is not None}
        exact = all(abs(value) < 2**53 for value in values if type(value) is int)
        if kinds == {bool}:
            types[name] = arrow.bool_()
        elif kinds == {int} and exact:
            types[name] = arrow.int64()
        elif kinds and kinds <= {int, float} and exact:
            types[name] = arrow.float64()
    return types


@dataclass(frozen=True)
class Earlier:
    """One pair of results that were written before; no score where it failed.

    `size_difference` is "" where the sizes of the two images are equal or not known.
    """

    reference: str
    distorted: str
    score: float | None
    error: str | None
    model: str
    fingerprint: str
    settings: dict[str, Any]
    size_difference: str = ""


def read_results(path: Path) -> list[Earlier]:
    """Pairs and scores from a file that `write_results` wrote.

    Raises
    ------
    InputError
        If the file is not there or does not hold results.
    """
    if not path.is_file():
        raise InputError(f"{printable(path)}: no such file; expected earlier results.")
    check_output(path)
    readers = {".csv": _csv_rows, ".parquet": _parquet_rows}
    try:
        return [
            Earlier(
                row["reference"],
                row["distorted"],
                None if row["score"] in (None, "") else float(row["score"]),
                row["error"] or None,
                row["model"],
                row["fingerprint"],
                _settings(row["settings"]),
                size_difference(*(_size(row, role) for role in ROLES)),
            )
            for row in readers.get(path.suffix.lower(), _json_rows)(path)
        ]
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        what = f"there is no column {error}" if isinstance(error, KeyError) else reason(error)
        raise InputError(f"{printable(path)} does not hold results: {what}.") from error


def _size(row: dict[str, Any], role: str) -> Size | None:
    """Size of an image of a row: a list in JSON Lines, two numbers in tables."""
    sides = row.get(f"{role}_size") or [row.get(f"{role}_{side}") for side in SIDES]
    return (int(sides[0]), int(sides[1])) if all(sides) else None


def _settings(value: Any) -> dict[str, Any]:
    """Settings of a row: an object in JSON Lines, its text in tables."""
    settings = json.loads(value) if isinstance(value, str) else value
    if not isinstance(settings, dict):
        raise TypeError(f"settings are {type(settings).__name__}, not an object")
    return settings


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    parquet = require("pyarrow.parquet", "parquet")
    wanted = [name for name in Earlier.__dataclass_fields__ if name != "size_difference"]
    file = parquet.ParquetFile(path)
    there = file.schema_arrow.names
    missing = [name for name in wanted if name not in there]
    if missing:
        raise KeyError(missing[0])
    wanted += [name for name in SIZE_COLUMNS if name in there]
    for batch in file.iter_batches(columns=wanted):
        yield from batch.to_pylist()
