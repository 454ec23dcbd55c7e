"""Pairs from a table: CSV, JSON Lines or Parquet, with columns `reference` and `distorted`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.pairs.kinds import IMAGE_SUFFIXES
from msds.pairs.plan import Pair, Plan
from msds.rows import Rows, read_rows, rows_of_text
from msds.text import listed, one_line, printable, reason

REQUIRED = ("reference", "distorted")


STANDARD_INPUT = "-"


def read_manifest(path: Path) -> Plan:
    """The pairs of a table, in its order; a row without one of the images has a `problem`.

    Parameters
    ----------
    path : a table that `msds.rows` reads, or "-" for one on standard input, CSV or JSON Lines.
        Paths in it are relative to its folder, on standard input to the current one.

    Raises
    ------
    InputError
        If the file cannot be read as what its suffix says, or lacks a column, or has no rows.
    """
    pairs = []
    for place, row in manifest_rows(path):
        names, columns, problem = parts_of(row, place)
        reference, distorted = names
        pairs.append(
            Pair(
                printable(reference),
                printable(distorted),
                path.parent / reference,
                path.parent / distorted,
                columns,
                problem,
            )
        )
    return Plan(tuple(pairs))


def manifest_rows(path: Path) -> Rows:
    """The rows of a table of pairs as they are read, so that it need not fit into memory.

    Raises
    ------
    InputError
        As of `read_manifest`, before the first row or at a later one.
    """
    name = "standard input" if str(path) == STANDARD_INPUT else printable(path)
    number = 0
    for number, (place, row) in enumerate(_rows(path, name), 1):
        missing = [role for role in REQUIRED if role not in row]
        if missing:
            raise InputError(f"{name}: {_lacking(number, missing, list(map(str, row)))}")
        yield place, row
    if not number:
        raise InputError(
            f"{name}: the manifest has no rows (in CSV, the first line names the columns)."
        )


def _rows(path: Path, name: str) -> Rows:
    if str(path) != STANDARD_INPUT:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InputError(
                f"{name}: this is no regular file; expected a manifest. --manifest - reads one "
                "from standard input."
            )
        return read_rows(path, "a manifest")
    try:
        text = sys.stdin.buffer.read().decode("utf-8") if sys.stdin else ""
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no text in UTF-8: {reason(error)}.") from error
    return rows_of_text(text, name)


def _lacking(number: int, missing: list[str], found: list[str]) -> str:
    """What to say of a row that lacks columns."""
    if any(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in found):
        return (
            "the first line is a pair of images and names no columns; expected one before it such "
            f"as {','.join(REQUIRED)}."
        )
    meant = [close for name in missing for close in _close(name, found)]
    advice = f"; is it {one_line(' and '.join(meant))}?" if meant else "."
    lacks = " and no column ".join(missing)
    return f"row {number} has no column {lacks}; found {listed(found)}{advice}"


def _close(name: str, found: list[str]) -> list[str]:
    known = {one.strip().lower(): one for one in found}
    beginning = [one for key, one in known.items() if len(key) > 2 and name.startswith(key)]
    near = difflib.get_close_matches(name, known, 1)
    return beginning[:1] or [known[one] for one in near]


def parts_of(
    row: Mapping[str, Any], place: str
) -> tuple[tuple[str, str], dict[str, Any], str | None]:
    """What a row of a manifest says: the two names as they stand there, other columns, a problem.

    Parameters
    ----------
    row : with the columns `REQUIRED`.
    place : where it stands, such as "line 3".

    Returns
    -------
    names, columns, problem : the problem is why the row names no pair; None if it does.
    """
    names = []
    problem = None
    for role in REQUIRED:
        value = row[role]
        names.append(value if isinstance(value, str) else ("" if value is None else str(value)))
        if not isinstance(value, str) or not value or "\0" in value:
            found = f"{place} of the manifest names no {role} image (found {value!r})"
            problem = problem or found
    columns = {key: value for key, value in row.items() if key not in REQUIRED}
    return (names[0], names[1]), columns, problem
