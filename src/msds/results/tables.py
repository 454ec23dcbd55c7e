"""Results as files: JSON Lines, CSV and Parquet, by suffix; written whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from msds.errors import InputError, require
from msds.files import atomic_write
from msds.pairs import Plan
from msds.results.record import RECORD_FIELDS, Run, Score
from msds.text import printable

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".parquet")
ROWS_PER_GROUP = 10_000
ROLES = ("reference", "distorted")
SIDES = ("width", "height")
SIZE_COLUMNS = tuple(f"{role}_{side}" for role in ROLES for side in SIDES)


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


def check_columns(columns: Iterable[str], levels: int) -> None:
    """Refuse carried columns that have the name of one of the results' own."""
    taken = {*RECORD_FIELDS, *flat_fields((), levels)}
    for name in columns:
        if name in taken:
            raise InputError(
                f"Results have a column {name!r} of their own: give that column of the manifest or "
                "field of the pattern another name."
            )


def write_results(path: Path, plan: Plan, run: Run, scores: Iterable[Score]) -> None:
    """Write the records of a plan, in its order, in the format of the file's suffix.

    Raises
    ------
    InputError
        If the suffix is none of `SUFFIXES`.
    """
    check_output(path)
    writers: dict[str, Callable[[Path, Plan, Run, Iterable[Score]], None]] = {
        ".csv": _write_csv,
        ".parquet": _write_parquet,
    }
    writers.get(path.suffix.lower(), _write_json)(path, plan, run, scores)


def json_line(score: Score) -> str:
    """One record as a line of JSON, without its end."""
    return json.dumps(score.to_dict(), ensure_ascii=False, default=str)


def flat_fields(columns: Iterable[str], levels: int) -> list[str]:
    """Names of the columns of a table."""
    return [
        "reference",
        "distorted",
        *columns,
        "score",
        *_level_columns(levels),
        "error",
        "model",
        "fingerprint",
        "settings",
        "notes",
        *SIZE_COLUMNS,
        "reference_sha256",
        "distorted_sha256",
        "seconds",
    ]


def _level_columns(levels: int) -> list[str]:
    return [f"level_{k + 1}" for k in range(levels)]


def flat(score: Score, columns: Iterable[str], levels: int) -> dict[str, Any]:
    """One row of a table: no lists and no objects in its cells."""
    sizes = (score.reference_size or (None, None)) + (score.distorted_size or (None, None))
    padded = (*score.levels, *(None,) * (levels - len(score.levels)))
    return {
        **score.to_dict(),
        **{name: _cell(score.columns.get(name)) for name in columns},
        **dict(zip(_level_columns(levels), padded, strict=True)),
        **dict(zip(SIZE_COLUMNS, sizes, strict=True)),
        "settings": json.dumps(score.settings, sort_keys=True),
        "notes": "; ".join(score.notes),
    }


def carried(columns: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """The carried columns of a pair as text, to be compared with those of a table."""
    cells = (_cell(columns.get(name)) for name in names)
    return ["" if cell is None else str(cell) for cell in cells]


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _write_json(path: Path, _: Plan, __: Run, scores: Iterable[Score]) -> None:
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        for score in scores:
            file.write(json_line(score) + "\n")


def _write_csv(path: Path, plan: Plan, run: Run, scores: Iterable[Score]) -> None:
    fields = flat_fields(plan.columns, run.levels)
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, fields, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for score in scores:
            writer.writerow(flat(score, plan.columns, run.levels))


def _write_parquet(path: Path, plan: Plan, run: Run, scores: Iterable[Score]) -> None:
    arrow = require("pyarrow", "parquet")
    parquet = require("pyarrow.parquet", "parquet")
    types = _arrow_types(plan, run)
    schema = arrow.schema([(_stored(name), kind) for name, kind in types.items()])
    text = [name for name in plan.columns if types[name] == arrow.string()]
    rows = (flat(score, plan.columns, run.levels) for score in scores)
    with atomic_write(path) as file, parquet.ParquetWriter(file, schema) as writer:
        while chunk := list(islice(rows, ROWS_PER_GROUP)):
            for cells in chunk:
                cells.update((name, str(cells[name])) for name in text if cells[name] is not None)
            stored = [{_stored(k): _stored(v) for k, v in cells.items()} for cells in chunk]
            writer.write_table(arrow.Table.from_pylist(stored, schema=schema))


def _stored(value: Any) -> Any:
    """Text that Parquet can hold: half characters, which JSON can name, become escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def _arrow_types(plan: Plan, run: Run) -> Mapping[str, Any]:
    """Types of the columns; those carried through keep theirs where all rows agree."""
    arrow = require("pyarrow", "parquet")
    types = dict.fromkeys(flat_fields(plan.columns, run.levels), arrow.string())
    numbers = ("score", "seconds", *_level_columns(run.levels))
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
