"""Records of a sweep on disk: a journal while it goes on, a table when it is complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.files import remove_unfinished, sha256_file
from msds.pairs import Plan
from msds.results import Journal, Run, Score, check_output, read_results, write_results
from msds.results.baseline import check_same_run
from msds.sweeps.codec import Codec
from msds.sweeps.plan import SweepPlan
from msds.text import printable

TEXT_COLUMNS = ("codec", "encoder")


class Kept:
    """What is known of the rows of a sweep; a context manager.

    Parameters
    ----------
    plan, run : what is swept, and by what.
    output : the table, if there is to be one; the journal lies beside it.
    resume : whether to begin with what an earlier sweep has left there.
    files : folder of the encoded files, if they are kept: a row whose file is gone is made again.

    Raises
    ------
    InputError
        If what is there is of another sweep, or nothing can be written.
    """

    def __init__(
        self, plan: SweepPlan, run: Run, output: Path | None, *, resume: bool, files: Path | None
    ) -> None:
        self._plan, self._run, self._output, self._files = plan, run, output, files
        self._scores: dict[int, Score] = {}
        self._journal: Journal | None = None
        if output is not None:
            check_output(output)
            self._begin(output, resume)
        self.kept: int = len(self._scores)

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        if self._journal is not None:
            self._journal.__exit__()

    @property
    def missing(self) -> list[int]:
        """Rows that have no record yet."""
        return [row for row in range(len(self._plan.cells)) if row not in self._scores]

    def add(self, row: int, score: Score) -> None:
        """Keep the record of a row."""
        self._scores[row] = score
        if self._journal is not None:
            self._journal.add(row, score)

    def finish(self, *, csv_safe: bool = False) -> tuple[Score, ...]:
        """Write the table; returns the records in the order of the plan."""
        scores = tuple(self._scores[row] for row in range(len(self._plan.cells)))
        if self._output is not None:
            write_records(self._output, self._run, scores, csv_safe=csv_safe)
            if self._journal is not None:
                self._journal.remove()
        return scores

    def _begin(self, output: Path, resume: bool) -> None:
        path = output.with_name(output.name + ".journal")
        earlier = self._finished(output) if resume and output.exists() and not path.exists() else {}
        self._journal = Journal(path, self._plan.pairs, self._run, resume=resume)
        try:
            for row, score in self._usable({**earlier, **dict(self._journal.scores())}).items():
                self._scores[row] = score
                if row in earlier:
                    self._journal.add(row, score)
            remove_unfinished(output)
        except BaseException:
            self._journal.__exit__()
            raise

    def _finished(self, output: Path) -> dict[int, Score]:
        """Records of a table that is complete, which this sweep may add to."""
        rows = {cell.source.name + "\0" + cell.distorted: k for k, cell in self._cells()}
        found = {}
        for score in read_results(output):
            check_same_run(f"{printable(output)} is complete, and was", score.run, self._run)
            row = rows.get(score.reference + "\0" + score.distorted)
            if row is None:
                raise InputError(
                    f"{printable(output)} holds other encodings, such as {score.distorted}: give "
                    "another --out, or remove this file to start again."
                )
            found[row] = replace(score, run=self._run, columns=typed(score.columns))
        return found

    def _cells(self) -> Any:
        return enumerate(self._plan.cells)

    def _usable(self, scores: Mapping[int, Score]) -> dict[int, Score]:
        """Those whose image is still the same, whose encoder is, and whose file is there."""
        digests: dict[Path, str | None] = {}
        usable = {}
        for row, score in scores.items():
            cell = self._plan.cells[row]
            path = cell.source.path
            if path not in digests:
                digests[path] = sha256_file(path) if path.is_file() else None
            there = self._files is None or (self._files / cell.distorted).is_file()
            same = score.columns.get("encoder") == cell.codec.described()
            if score.error is None and score.reference_sha256 == digests[path] and there and same:
                usable[row] = score
        return usable


def columns_of(
    codec: Codec, quality: float, size: int | None, bits_per_pixel: float | None
) -> dict[str, Any]:
    """What the columns of an encoding begin with; `size` is that of the file in bytes.

    Size and rate are None where the image could not be encoded.
    """
    return {
        "codec": codec.name,
        "quality": quality,
        "encoder": codec.described(),
        "bytes": size,
        "bits_per_pixel": None if bits_per_pixel is None else round(bits_per_pixel, 6),
    }


def typed(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns that were read from a table of text, as the numbers they were."""
    found = {}
    for name, value in columns.items():
        if isinstance(value, str) and name not in TEXT_COLUMNS:
            found[name] = _number(value)
        else:
            found[name] = value
    return found


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None


def write_records(path: Path, run: Run, scores: Sequence[Score], *, csv_safe: bool = False) -> None:
    """Write records with all their columns.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    from msds.pairs import Pair

    pairs = (Pair(s.reference, s.distorted, Path(), Path(), s.columns) for s in scores)
    write_results(path, Plan(tuple(pairs)), run, scores, csv_safe=csv_safe)
