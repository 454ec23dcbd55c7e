"""Manifests of any length, read a batch of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from msds.errors import InputError, require
from msds.pairs.manifest import REQUIRED, manifest_rows, parts_of
from msds.results.parquet import Carried
from msds.text import printable, reason

ROWS = 1 << 16
"""Of a batch."""


@dataclass(frozen=True)
class Batch:
    """Some rows of a manifest, in their order.

    Attributes
    ----------
    reference, distorted : names of the images, as they stand there; Arrow arrays of text.
    columns : other columns, each row's as an object of JSON; None where there are none.
    problem : why rows name no pair; None where they do.
    """

    reference: Any
    distorted: Any
    columns: Any
    problem: Any


@dataclass
class Manifest:
    """A table of pairs on a local disk.

    Parameters
    ----------
    path : CSV, TSV, JSON Lines or Parquet, by its suffix.

    Attributes
    ----------
    carried : what has been learnt of the other columns when all batches were read.
    """

    path: Path
    carried: Carried = field(default_factory=Carried)

    def batches(self) -> Iterator[Batch]:
        """The rows.

        Raises
        ------
        InputError
            As of `msds.pairs.read_manifest`.
        """
        if self.path.suffix.lower() == ".parquet" and self.path.is_file():
            found = self._arrow_batches()
            if found is not None:
                return found
        return self._row_batches()

    def estimate(self) -> int:
        """About how many rows there are, told without reading them."""
        if self.path.suffix.lower() == ".parquet" and self.path.is_file():
            parquet = require("pyarrow.parquet", "parquet")
            arrow = require("pyarrow", "parquet")
            try:
                return int(parquet.read_metadata(self.path).num_rows)
            except (OSError, arrow.ArrowException):
                return 0  # reading it will say what is wrong
        return self.path.stat().st_size // 40 if self.path.is_file() else 0

    def _row_batches(self) -> Iterator[Batch]:
        rows = manifest_rows(self.path)
        while chunk := list(islice(rows, ROWS)):
            yield self._batch([parts_of(row, place) for place, row in chunk])

    def _batch(self, rows: list[tuple[tuple[str, str], dict[str, Any], str | None]]) -> Batch:
        arrow = require("pyarrow", "parquet")
        for name in dict.fromkeys(name for _, columns, _ in rows for name in columns):
            self.carried.note(name, (columns.get(name) for _, columns, _ in rows))
        text = arrow.string()
        return Batch(
            arrow.array([printable(names[0]) for names, _, _ in rows], text),
            arrow.array([printable(names[1]) for names, _, _ in rows], text),
            arrow.array([_packed(columns) for _, columns, _ in rows], text),
            arrow.array([problem for _, _, problem in rows], text),
        )

    def _arrow_batches(self) -> Iterator[Batch] | None:
        """Batches of Parquet without a Python object for each row, if both names are plain text."""
        parquet = require("pyarrow.parquet", "parquet")
        arrow = require("pyarrow", "parquet")
        try:
            file = parquet.ParquetFile(self.path)
        except (OSError, arrow.ArrowException):
            return None
        schema = file.schema_arrow
        texts = (arrow.string(), arrow.large_string())
        known = all(name in schema.names and schema.field(name).type in texts for name in REQUIRED)
        return self._of_arrow(file, schema) if known and file.metadata.num_rows else None

    def _of_arrow(self, file: Any, schema: Any) -> Iterator[Batch]:
        arrow = require("pyarrow", "parquet")
        others = [name for name in schema.names if name not in REQUIRED]
        first = 1
        try:
            for found in file.iter_batches(batch_size=ROWS):
                names = [found.column(name).cast(arrow.string()) for name in REQUIRED]
                columns = self._columns(found.select(others)) if others else None
                problem = _problems(names, first)
                reference, distorted = (name.fill_null("") for name in names)
                yield Batch(reference, distorted, columns, problem)
                first += len(found)
        except (OSError, UnicodeError, arrow.ArrowException) as error:
            raise InputError(
                f"{printable(self.path)} cannot be read as Parquet: {reason(error)}."
            ) from error

    def _columns(self, batch: Any) -> Any:
        arrow = require("pyarrow", "parquet")
        for name in batch.schema.names:
            self.carried.note(name, batch.column(name).to_pylist())
        return arrow.array([_packed(row) for row in batch.to_pylist()], arrow.string())


def _packed(columns: dict[str, Any]) -> str | None:
    return json.dumps(columns, default=str) if columns else None


def _problems(names: list[Any], first: int) -> Any:
    """What `parts_of` says of those rows that it says something of."""
    arrow = require("pyarrow", "parquet")
    compute = require("pyarrow.compute", "parquet")
    wrong = None
    for name in names:
        bad = compute.or_(
            compute.or_(compute.equal(name, ""), compute.is_null(name)),
            compute.match_substring(name, "\0"),
        ).fill_null(True)
        wrong = bad if wrong is None else compute.or_(wrong, bad)
    found: list[str | None] = [None] * len(names[0])
    for k in compute.indices_nonzero(wrong).to_pylist():
        row = {role: name[k].as_py() for role, name in zip(REQUIRED, names, strict=True)}
        found[k] = parts_of(row, f"row {first + k}")[2]
    return arrow.array(found, arrow.string())
