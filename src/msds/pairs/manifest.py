"""Pairs from a table: CSV, JSON Lines or Parquet, with columns `reference` and `distorted`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.pairs.plan import Pair, Plan
from msds.rows import read_rows
from msds.text import printable

REQUIRED = ("reference", "distorted")


def read_manifest(path: Path) -> Plan:
    """The pairs of a table, in its order; a row without one of the images has a `problem`.

    Parameters
    ----------
    path : a table that `msds.rows` reads. Paths in it are relative to its folder.

    Raises
    ------
    InputError
        If the file cannot be read as what its suffix says, or lacks a column, or has no rows.
    """
    pairs = []
    for number, (place, row) in enumerate(read_rows(path, "a manifest"), 1):
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
