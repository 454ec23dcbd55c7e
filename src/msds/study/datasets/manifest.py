"""Any table of rated pairs: CSV, JSON Lines or Parquet, one row per pair."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.pairs.saliency import COLUMNS
from msds.rows import SUFFIXES as SUFFIXES
from msds.rows import read_rows
from msds.study.datasets.base import DeviationKind, RatedPair, RatedSet
from msds.study.datasets.files import number
from msds.text import listed

_FILES = ("reference", "distorted")

DIRECTIONS = {"higher": True, "lower": False}
"""What is written behind a table's column: whether a higher opinion is better."""


def _score_column(path: Path, columns: list[str], asked: str | None) -> str:
    if asked is not None:
        if asked not in columns:
            raise InputError(f"{path}: there is no column {asked!r}, only {listed(columns)}.")
        return asked
    numeric = [
        name
        for name in columns
        if name.lower() in ("score", "opinion")
        or (name.lower().startswith(("mos", "dmos")) and not name.lower().endswith("_std"))
    ]
    if len(numeric) != 1:
        found = f"found {listed(numeric)}" if numeric else f"found only {listed(columns)}"
        like = numeric[0] if numeric else "COLUMN"
        like = like if like.lower().startswith("mos") else f"{like}:lower"
        raise InputError(
            f"{path}: name the column of opinions as in {path.name}:{like}; only one called mos, "
            f"dmos or score is taken by itself, {found}."
        )
    return numeric[0]


def split_name(name: str) -> tuple[str, str | None, bool | None] | None:
    """FILE, FILE:COLUMN, FILE:higher or FILE:COLUMN:lower as file, column, direction.

    None where it names no table. The direction is whether a higher opinion is better.
    """
    if Path(name).suffix.lower() in SUFFIXES:
        return name, None, None
    before, _, word = name.rpartition(":")
    direction = DIRECTIONS.get(word.lower())
    if Path(before).suffix.lower() in SUFFIXES:
        return (before, word, None) if direction is None else (before, None, direction)
    file, _, column = before.rpartition(":")
    if direction is not None and Path(file).suffix.lower() in SUFFIXES:
        return file, column, direction
    return None


def _direction(path: Path, column: str, higher_is_better: bool | None) -> bool:
    if higher_is_better is not None:
        return higher_is_better
    if column.lower().startswith("mos"):
        return True
    example = f"{path.name}:{column}"
    also = (
        " (in LIVE and CSIQ a higher dmos is worse, in KADID-10k it is better)"
        if column.lower().startswith("dmos")
        else ""
    )
    raise InputError(
        f"{path}: say whether a higher {column} is better, {example}:higher, or worse, "
        f"{example}:lower{also}."
    )


def _saliency(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Names of the saliency maps, where the table has columns for them."""
    if not any(name in row for name in COLUMNS):
        return None
    reference, distorted = (str(row.get(name) or "") for name in COLUMNS)
    return reference, distorted


def read_manifest(
    path: Path,
    *,
    score: str | None = None,
    higher_is_better: bool | None = None,
    title: str | None = None,
) -> RatedSet:
    """Read rated pairs from a table.

    Columns `reference` and `distorted` (paths relative to the table's folder) and one of opinions
    are needed; `distortion`, `level`, `group` (the reference's content, by default its path),
    `<opinions>_std` or `std`, `reference_saliency` and `distorted_saliency` are used where present.

    Parameters
    ----------
    score : the column of opinions; by default the only one called mos..., dmos... or score.
    higher_is_better : needed unless the column is called mos...: what is called dmos is a
        difference that grows with the damage in some sets, and a plain mean in others.

    Raises
    ------
    InputError
        For missing columns or numbers, and where direction or column are ambiguous.
    """
    path = Path(path)
    rows = [row for _, row in read_rows(path, "a table of pairs")]
    if not rows:
        raise InputError(f"{path}: there are no rows in it.")
    columns = list(rows[0])
    for name in _FILES:
        if name not in columns:
            raise InputError(
                f"{path}: there is no column {name!r}, only {listed(columns)}; in CSV, the "
                "first line names the columns."
            )
    column = _score_column(path, columns, score)
    direction = _direction(path, column, higher_is_better)
    spread = next((name for name in (f"{column}_std", "std") if name in columns), None)
    pairs = tuple(
        _rated(row, path.parent, f"{path.name} row {index}", column, spread)
        for index, row in enumerate(rows, start=1)
    )
    kind: DeviationKind | None = "standard error" if spread else None
    name = title or path.parent.name or path.stem
    return RatedSet(f"manifest:{path.name}", name, path.parent, pairs, direction, column, kind)


def _rated(
    row: Mapping[str, Any], folder: Path, where: str, column: str, spread: str | None
) -> RatedPair:
    for name in (*_FILES, column):
        if name not in row:
            raise InputError(f"{where}: there is no {name!r}, which other rows have.")
    reference, distorted = (folder / str(row[name]) for name in _FILES)
    level = row.get("level")
    return RatedPair(
        reference,
        distorted,
        number(str(row[column]), where),
        str(row.get("group") or row["reference"]),
        str(row.get("distortion") or ""),
        int(number(str(level), where)) if level not in (None, "") else None,
        number(str(row[spread]), where) if spread is not None and spread in row else None,
        _saliency(row),
    )
