"""Pairs from a table: CSV, JSON Lines or Parquet, with columns `reference` and `distorted`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from msds.errors import InputError, require
from msds.pairs.plan import Pair, Plan
from msds.text import printable, reason

REQUIRED = ("reference", "distorted")
SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")


def read_manifest(path: Path) -> Plan:
    """The pairs of a table, in its order; a row without one of the images has a `problem`.

    Parameters
    ----------
    path : CSV with a header, JSON Lines with one object a line, or Parquet, by its suffix. Paths in
        it are relative to its folder.

    Raises
    ------
    InputError
        If the file cannot be read as what its suffix says, or lacks a column, or has no rows.
    """
    if not path.is_file():
        found = "this is a folder" if path.is_dir() else "no such file"
        raise InputError(f"{printable(path)}: {found}; expected a manifest.")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"{printable(path)}: a manifest's name ends in {', '.join(SUFFIXES)}; found {suffix!r}."
        )
    readers = {".csv": _csv_rows, ".parquet": _parquet_rows}
    pairs = []
    for number, (place, row) in enumerate(readers.get(suffix, _json_rows)(path), 1):
        missing = [name for name in REQUIRED if name not in row]
        if missing:
            raise InputError(
                f"{printable(path)}: row {number} has no column {' and no column '.join(missing)}; "
                f"found {', '.join(map(str, row)) or 'none'}."
            )
        pairs.append(_pair(row, path.parent, place))
    if not pairs:
        raise InputError(f"{printable(path)}: the manifest has no rows.")
    return Plan(tuple(pairs))


def _pair(row: Mapping[str, Any], folder: Path, place: str) -> Pair:
    names = {}
    problem = None
    for role in REQUIRED:
        value = row[role]
        names[role] = value if isinstance(value, str) else ("" if value is None else str(value))
        if not isinstance(value, str) or not value or "\0" in value:
            found = f"{place} of the manifest names no {role} image (found {value!r})"
            problem = problem or found
    columns = {key: value for key, value in row.items() if key not in REQUIRED}
    reference, distorted = (names[role] for role in REQUIRED)
    return Pair(
        printable(reference),
        printable(distorted),
        folder / reference,
        folder / distorted,
        columns,
        problem,
    )


_Rows = Iterator[tuple[str, dict[str, Any]]]
"""Rows, each with where it stands."""


def _csv_rows(path: Path) -> _Rows:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if len(set(header)) < len(header):
                raise InputError(f"{printable(path)}: two columns have the same name.")
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise InputError(
                        f"{printable(path)}: line {reader.line_num} has {len(cells)} cells; the "
                        f"header has {len(header)}."
                    )
                yield f"line {reader.line_num}", dict(zip(header, cells, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{printable(path)} cannot be read as CSV in UTF-8: {reason(error)}."
        ) from error


def _json_rows(path: Path) -> _Rows:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as error:
                    raise InputError(
                        f"{printable(path)}: line {number} is not JSON ({reason(error)})."
                    ) from error
                if not isinstance(row, dict):
                    raise InputError(
                        f"{printable(path)}: line {number} holds {type(row).__name__}; expected an "
                        "object with reference and distorted."
                    )
                yield f"line {number}", row
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{printable(path)} cannot be read as JSON Lines: {reason(error)}."
        ) from error


def _parquet_rows(path: Path) -> _Rows:
    parquet = require("pyarrow.parquet", "parquet")
    arrow = require("pyarrow", "parquet")
    try:
        batches = parquet.ParquetFile(path).iter_batches()
        rows = chain.from_iterable(batch.to_pylist() for batch in batches)
        for number, row in enumerate(rows, 1):
            yield f"row {number}", row
    except (OSError, arrow.ArrowException) as error:
        raise InputError(
            f"{printable(path)} cannot be read as Parquet: {reason(error)}."
        ) from error
