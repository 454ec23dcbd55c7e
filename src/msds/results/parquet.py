"""Results as Parquet: the types of its columns, tables of records, and files of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from msds.errors import require
from msds.files import atomic_write
from msds.pairs import Plan
from msds.results.record import Run, Score
from msds.results.tables import SIZE_COLUMNS, flat, flat_fields, level_columns

ROWS_PER_GROUP = 10_000
EXACT = 2**53
"""Whole numbers from here on are kept as text: float64 would change them."""


class Carried:
    """The types of carried columns, learnt from their values as these come.

    A column whose values all are truth values, or all numbers, keeps them; any other holds text.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, set[type]] = {}

    def note(self, name: str, values: Iterable[Any]) -> None:
        """Some values of a column."""
        kinds = self._kinds.setdefault(name, set())
        for value in values:
            inexact = type(value) is int and abs(value) >= EXACT
            kinds.add(str if inexact else type(value))

    def types(self) -> dict[str, str]:
        """Names of the Arrow types of all columns noted, in order of appearance."""
        return {name: _type(kinds - {type(None)}) for name, kinds in self._kinds.items()}


def _type(kinds: set[type]) -> str:
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "int64"
    return "float64" if kinds and kinds <= {int, float} else "string"


def record_schema(columns: Mapping[str, str], levels: int) -> Any:
    """The Arrow schema of records.

    Parameters
    ----------
    columns : types of the carried columns by name, as `Carried` gives them.
    levels : most levels that a score has.
    """
    arrow = require("pyarrow", "parquet")
    types = dict.fromkeys(flat_fields(columns, levels), "string")
    types.update(dict.fromkeys(("score", "seconds", *level_columns(levels)), "float64"))
    types.update(dict.fromkeys(SIZE_COLUMNS, "int64"))
    types.update(columns)
    makers = {
        "string": arrow.string(),
        "bool": arrow.bool_(),
        "int64": arrow.int64(),
        "float64": arrow.float64(),
    }
    return arrow.schema([(_stored(name), makers[kind]) for name, kind in types.items()])


def record_table(
    scores: Iterable[Score], columns: Mapping[str, str], levels: int, schema: Any
) -> Any:
    """Records as an Arrow table of a schema that `record_schema` gave."""
    arrow = require("pyarrow", "parquet")
    rows = []
    for score in scores:
        cells = flat(score, columns, levels)
        for name, kind in columns.items():
            if kind == "string" and cells[name] is not None:
                cells[name] = str(cells[name])
        rows.append({_stored(name): _stored(cell) for name, cell in cells.items()})
    return arrow.Table.from_pylist(rows, schema=schema)


def write_parquet(path: Path, plan: Plan, run: Run, scores: Iterable[Score]) -> None:
    """Write the records of a plan, in its order."""
    parquet = require("pyarrow.parquet", "parquet")
    carried = Carried()
    for name in plan.columns:
        carried.note(name, (pair.columns.get(name) for pair in plan.pairs))
    columns = carried.types()
    schema = record_schema(columns, run.levels)
    rows = iter(scores)
    with atomic_write(path) as file, parquet.ParquetWriter(file, schema) as writer:
        while chunk := list(islice(rows, ROWS_PER_GROUP)):
            writer.write_table(record_table(chunk, columns, run.levels, schema))


def _stored(value: Any) -> Any:
    """Text that Parquet can hold: half characters, which JSON can name, become escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
