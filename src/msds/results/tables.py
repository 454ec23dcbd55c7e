"""Results as files: JSON Lines, CSV and Parquet, by suffix; written whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from msds.errors import InputError, require
from msds.files import atomic_write
from msds.pairs import Plan
from msds.results.record import RECORD_FIELDS, Run, Score
from msds.text import no_formula, printable

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
DELIMITERS = {".csv": ",", ".tsv": "\t"}
"""Of text tables, by their suffix."""
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


def write_results(
    path: Path, plan: Plan, run: Run, scores: Iterable[Score], *, csv_safe: bool = False
) -> None:
    """Write the records of a plan, in its order, in the format of the file's suffix.

    Parameters
    ----------
    path : the file.
    plan, run : what was scored, and by what.
    scores : the records.
    csv_safe : whether text that spreadsheets would take for a formula gets an apostrophe in front,
        in CSV and TSV; `read_results` takes it away again.

    Raises
    ------
    InputError
        If the suffix is none of `SUFFIXES`, or the file cannot be written.
    """
    check_output(path)
    suffix = path.suffix.lower()
    try:
        if suffix in DELIMITERS:
            _write_csv(path, plan, run, scores, csv_safe)
        elif suffix == ".parquet":
            from msds.results.parquet import write_parquet

            write_parquet(path, plan, run, scores)
        else:
            _write_json(path, scores)
    except OSError as error:
        raise InputError(
            f"{printable(path)}: results cannot be written ({error.strerror or error})."
        ) from error


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
        *level_columns(levels),
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


def level_columns(levels: int) -> list[str]:
    """Names of the columns of so many levels."""
    return [f"level_{k + 1}" for k in range(levels)]


def flat(score: Score, columns: Iterable[str], levels: int) -> dict[str, Any]:
    """One row of a table: no lists and no objects in its cells."""
    sizes = (score.reference_size or (None, None)) + (score.distorted_size or (None, None))
    padded = (*score.levels, *(None,) * (levels - len(score.levels)))
    return {
        **score.to_dict(),
        **{name: _cell(score.columns.get(name)) for name in columns},
        **dict(zip(level_columns(levels), padded, strict=True)),
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


def _write_json(path: Path, scores: Iterable[Score]) -> None:
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        for score in scores:
            file.write(json_line(score) + "\n")


def _write_csv(path: Path, plan: Plan, run: Run, scores: Iterable[Score], safe: bool) -> None:
    fields = flat_fields(plan.columns, run.levels)
    shown: Callable[[Any], Any] = no_formula if safe else lambda cell: cell
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(_Lines(file), delimiter=DELIMITERS[path.suffix.lower()])
        writer.writerow(map(shown, fields))
        for score in scores:
            cells = flat(score, plan.columns, run.levels)
            writer.writerow(shown(cells[name]) for name in fields)


class _Lines:
    """A file for a `csv.writer` that ends lines with "\\n" and quotes "\\r" all the same.

    Cells with one would not be quoted where that is no part of what ends a line.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, line: str) -> int:
        return self._file.write(line.removesuffix("\r\n") + "\n")
