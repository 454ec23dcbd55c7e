"""Any table of rated pairs: CSV, JSON Lines or Parquet, one row per pair."""

from __future__ import annotations

from pathlib import Path

from msds.errors import InputError
from msds.rows import SUFFIXES as SUFFIXES
from msds.rows import read_rows
from msds.study.datasets.base import DeviationKind, RatedPair, RatedSet, number

# Score columns whose direction the name tells: better, or worse.
_BETTER, _WORSE = ("mos",), ("dmos",)


def _score_column(path: Path, columns: list[str], asked: str | None) -> str:
    if asked is not None:
        if asked not in columns:
            raise InputError(f"{path}: there is no column {asked!r}, only {', '.join(columns)}.")
        return asked
    numeric = [
        name
        for name in columns
        if name.lower() in ("score", "opinion")
        or (name.lower().startswith(("mos", "dmos")) and not name.lower().endswith("_std"))
    ]
    if len(numeric) != 1:
        found = f"found {', '.join(numeric)}" if numeric else f"found only {', '.join(columns)}"
        raise InputError(
            f"{path}: name the column of opinions as in {path.name}:mos; only one called mos, "
            f"dmos or score is taken by itself, {found}."
        )
    return numeric[0]


def _direction(path: Path, column: str, higher_is_better: bool | None) -> bool:
    if higher_is_better is not None:
        return higher_is_better
    name = column.lower()
    if name.startswith(_WORSE):
        return False
    if name.startswith(_BETTER):
        return True
    raise InputError(
        f"{path}: say whether a higher {column} is better or worse "
        "(--higher-is-better, --lower-is-better)."
    )


def read_manifest(
    path: Path,
    *,
    score: str | None = None,
    higher_is_better: bool | None = None,
    title: str | None = None,
) -> RatedSet:
    """Read rated pairs from a table.

    Columns `reference` and `distorted` (paths relative to the table's folder) and one of opinions
    are needed; `distortion`, `level`, `group` (the reference's content, by default its path) and
    `<opinions>_std` or `std` are used where present.

    Parameters
    ----------
    score : the column of opinions; by default the only one called mos..., dmos... or score.
    higher_is_better : needed where the column's name does not tell.

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
    for name in ("reference", "distorted"):
        if name not in columns:
            raise InputError(
                f"{path}: there is no column {name!r}, only {', '.join(columns)}; in CSV, the "
                "first line names the columns."
            )
    column = _score_column(path, columns, score)
    direction = _direction(path, column, higher_is_better)
    spread = next((name for name in (f"{column}_std", "std") if name in columns), None)
    pairs = []
    for index, row in enumerate(rows, start=1):
        where = f"{path.name} row {index}"
        for name in ("reference", "distorted", column):
            if name not in row:
                raise InputError(f"{where}: there is no {name!r}, which other rows have.")
        files = [path.parent / str(row[name]) for name in ("reference", "distorted")]
        level = row.get("level")
        pairs.append(
            RatedPair(
                files[0],
                files[1],
                number(str(row[column]), where),
                str(row.get("group") or row["reference"]),
                str(row.get("distortion") or ""),
                int(number(str(level), where)) if level not in (None, "") else None,
                number(str(row[spread]), where) if spread in row else None,
            )
        )
    kind: DeviationKind | None = "standard error" if spread else None
    name = title or path.parent.name or path.stem
    return RatedSet(
        f"manifest:{path.name}", name, path.parent, tuple(pairs), direction, column, kind
    )
