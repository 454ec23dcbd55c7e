"""Rows of tables by name: CSV, TSV, JSON Lines and Parquet, all read here."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

from msds.errors import InputError, require
from msds.text import printable, reason

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

Rows = Iterator[tuple[str, dict[str, Any]]]
"""Rows, each with where it stands, such as "line 3"."""


def read_rows(path: Path, what: str) -> Rows:
    """The rows of a table, by the names of its columns.

    Parameters
    ----------
    path : CSV or TSV with a header, JSON Lines with one object a line, or Parquet, by its suffix.
        Cells of CSV are text.
    what : what is expected, as in "a manifest".

    Raises
    ------
    InputError
        If the file cannot be read as what its suffix says, before the first row or at a later one.
    """
    if not path.is_file():
        found = "no such file"
        if path.exists():
            found = "this is a folder" if path.is_dir() else "this is no regular file"
        raise InputError(f"{printable(path)}: {found}; expected {what}.")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"{printable(path)}: {what}'s name ends in {', '.join(SUFFIXES)}; found {suffix!r}."
        )
    if suffix in (".csv", ".tsv"):
        return _csv_rows(path, "\t" if suffix == ".tsv" else ",")
    return _parquet_rows(path) if suffix == ".parquet" else _json_rows(path)


def rows_of_text(text: str, name: str) -> Rows:
    """The rows of a table whose format nothing says: JSON Lines if it begins with {, CSV or TSV.

    Parameters
    ----------
    text : the table.
    name : what it is called where it cannot be read.

    Raises
    ------
    InputError
        If it cannot be read, before the first row or at a later one.
    """
    file = io.StringIO(text.removeprefix("\ufeff"), newline="")
    first = text.lstrip("\ufeff \t\r\n").partition("\n")[0]
    if first.startswith("{"):
        return _json_lines(name, file)
    return _csv_lines(name, file, "\t" if "\t" in first and "," not in first else ",")


def _csv_rows(path: Path, delimiter: str) -> Rows:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _csv_lines(printable(path), file, delimiter)
    except OSError as error:
        raise InputError(f"{printable(path)} cannot be read: {reason(error)}.") from error


def _csv_lines(name: str, file: IO[str], delimiter: str) -> Rows:
    try:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        header = next(reader, [])
        _check_header(name, header, delimiter)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"{name}: line {reader.line_num} has {len(cells)} cells; the header has "
                    f"{len(header)}."
                )
            yield f"line {reader.line_num}", dict(zip(header, cells, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name} cannot be read as CSV in UTF-8: {reason(error)}.") from error


def _check_header(name: str, header: list[str], delimiter: str) -> None:
    if len(set(header)) < len(header):
        raise InputError(f"{name}: two columns have the same name.")
    other = ";" if delimiter == "," else ","
    if len(header) == 1 and other in header[0]:
        wanted = "tabs" if delimiter == "\t" else "commas"
        raise InputError(
            f"{name}: cells are divided by {other!r}; expected {wanted} (write it anew with "
            "these, or as JSON Lines)."
        )


def _json_rows(path: Path) -> Rows:
    name = printable(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _json_lines(name, file)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{name} cannot be read as JSON Lines: {reason(error)}.") from error


def _json_lines(name: str, file: IO[str]) -> Rows:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield f"line {number}", _object(f"{name}: line {number}", line)


def _object(where: str, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not JSON ({reason(error)}).") from error
    if not isinstance(row, dict):
        raise InputError(f"{where} holds {type(row).__name__}; expected an object.")
    return row


def _parquet_rows(path: Path) -> Rows:
    parquet = require("pyarrow.parquet", "parquet")
    arrow = require("pyarrow", "parquet")
    try:
        batches = parquet.ParquetFile(path).iter_batches()
        rows = chain.from_iterable(batch.to_pylist() for batch in batches)
        for number, row in enumerate(rows, 1):
            yield f"row {number}", row
    except (OSError, UnicodeError, arrow.ArrowException) as error:
        raise InputError(
            f"{printable(path)} cannot be read as Parquet: {reason(error)}."
        ) from error
