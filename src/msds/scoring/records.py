"""The records of a run as they come: in memory, and in a journal if there is an output."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.files import remove_unfinished
from msds.pairs import Pair, Plan
from msds.pairs.saliency import DIGESTS
from msds.results import Conditions, Journal, Run, Score, check_output, read_results, write_results
from msds.results.baseline import check_same_run
from msds.results.clips import clip_columns, is_unfinished
from msds.results.record import SIZES_DIFFER
from msds.results.tables import carried
from msds.scoring.changes import changed_rows
from msds.text import printable


class Records:
    """What is known of the pairs of a plan.

    Parameters
    ----------
    plan, run : what is scored, and by what.
    output : the file of results, if there is to be one.
    resume : whether to begin with what an earlier run has left there.
    conditions : under which the results are written.
    threads : that look whether images have changed.

    Attributes
    ----------
    kept : how many records are of an earlier run.
    changed : how many records of an earlier run are of other images, and are made again.

    Raises
    ------
    InputError
        If there are results of another run, or none can be written.
    """

    def __init__(
        self,
        plan: Plan,
        run: Run,
        output: Path | None,
        *,
        resume: bool,
        conditions: Conditions,
        threads: int,
    ) -> None:
        self._plan, self._run, self._conditions = plan, run, conditions
        self._output = output
        self._journal: Journal | None = None
        self._scores: dict[int, Score] = {}
        self.changed: int = 0
        self._stack = ExitStack()
        if output is not None:
            try:
                self._begin(output, resume, threads)
            except BaseException:
                self._stack.close()
                raise
        self.kept: int = len(self._scores)

    def __enter__(self) -> Records:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def missing(self) -> list[int]:
        """Rows that have no record yet."""
        return [row for row in range(len(self._plan.pairs)) if row not in self._scores]

    def add(self, row: int, score: Score) -> None:
        """Keep the record of a row."""
        self._scores[row] = score
        if self._journal is not None:
            self._journal.add(row, score)

    def finish(self, *, csv_safe: bool = False) -> tuple[Score, ...]:
        """Write the results; returns them in the order of the plan, judged by the conditions."""
        whole = (self._scores[row] for row in range(len(self._plan.pairs)))
        scores = tuple(map(self._conditions.judged, whole))
        if self._journal is not None and self._output is not None:
            plan = _with_found(self._plan, scores)
            write_results(self._output, plan, self._run, scores, csv_safe=csv_safe)
            self._journal.remove()
        return scores

    def _begin(self, output: Path, resume: bool, threads: int) -> None:
        check_output(output)
        path = output.with_name(output.name + ".journal")
        rows = []
        if resume and not path.exists() and output.exists():
            rows = self._finished(output)
            self._drop_changed(threads)
            if not self.missing and self._is_as_planned(rows):
                return
        journal = self._stack.enter_context(Journal(path, self._plan, self._run, resume=resume))
        if rows:
            for row, score in self._scores.items():
                journal.add(row, score)
        else:
            _refuse_others(path, journal.others)
            self._scores.update((k, one) for k, one in journal.scores() if not is_unfinished(one))
            self._drop_changed(threads)
        self._journal = journal
        remove_unfinished(output)

    def _finished(self, output: Path) -> list[Score]:
        """Take the records of results that are complete, if they are of such a run."""
        scores = read_results(output)
        for score in scores:
            check_same_run(f"{printable(output)} is complete, and was", score.run, self._run)
        found = {(score.reference, score.distorted): score for score in scores}
        for row, pair in enumerate(self._plan.pairs):
            known = found.get((pair.reference, pair.distorted))
            if known is not None and not self._is_undone(known):
                columns = {**pair.columns, **_found(known)}
                self._scores[row] = replace(known, run=self._run, columns=columns)
        names = {(pair.reference, pair.distorted) for pair in self._plan.pairs}
        _refuse_others(output, [key for key in found if key not in names])
        return scores

    def _is_undone(self, score: Score) -> bool:
        """Whether a record has no score, but may have one now.

        Of a clip that failed late there are frames; and a condition may not be made any more.
        """
        unwanted = (score.error or "").startswith(SIZES_DIFFER)
        return is_unfinished(score) or (unwanted and not self._conditions.same_size)

    def _drop_changed(self, threads: int) -> None:
        changed = changed_rows(self._plan.pairs, self._scores, threads)
        for row in changed:
            del self._scores[row]
        self.changed = len(changed)

    def _is_as_planned(self, rows: Sequence[Score]) -> bool:
        """Whether a table has the rows of the plan, in its order, with its columns."""
        names = self._plan.columns

        def cells(one: Pair | Score) -> tuple[str, str, list[str]]:
            return one.reference, one.distorted, carried(one.columns, names)

        return [*map(cells, self._plan.pairs)] == [*map(cells, rows)]


def _found(score: Score) -> dict[str, Any]:
    """Columns that were found out: digests of saliency maps, and what frames of clips come to."""
    digests = {name: score.columns[name] for name in DIGESTS if score.columns.get(name)}
    return digests | clip_columns(score.columns)


def _with_found(plan: Plan, scores: Sequence[Score]) -> Plan:
    """The plan with these columns, which are found out while it is scored."""
    found = [_found(score) for score in scores]
    names = dict.fromkeys(name for one in found for name in one)
    if DIGESTS[0] in names or DIGESTS[1] in names:
        names = dict.fromkeys(DIGESTS) | names
    pairs = zip(plan.pairs, found, strict=True)
    return replace(
        plan, pairs=tuple(replace(p, columns={**p.columns, **names, **d}) for p, d in pairs)
    )


def _refuse_others(path: Path, others: Sequence[tuple[str, str]]) -> None:
    if others:
        reference, distorted = others[0]
        raise InputError(
            f"{printable(path)} holds other pairs, such as {distorted} ({reference}): the manifest "
            "or the folders have changed; give another --out, or remove this file to start again."
        )
