"""`msds score` for many pairs: the plan, the run with its journal, the summary and the gates."""

from __future__ import annotations

import glob
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from msds.cli import show
from msds.errors import InputError
from msds.pairs import Pattern, Plan, plan_paths, read_manifest
from msds.results import (
    Earlier,
    Journal,
    Outcome,
    Run,
    Scored,
    Summary,
    check_columns,
    differing,
    json_line,
    read_results,
    write_results,
)
from msds.results import conditions as gates
from msds.text import printable

if TYPE_CHECKING:
    from msds.metric.modules import MSDS
    from msds.scoring import Options, Reading

SOME_FAILED = 1
GATE_FAILED = 3


@dataclass(frozen=True)
class Display:
    """What is printed: records as JSON Lines, scores only, annotations."""

    as_json: bool = False
    quiet: bool = False
    annotations: bool = False


@dataclass(frozen=True)
class Gates:
    """What the scores must meet, and whether images must be of the same size to have one."""

    fail_under: float | None = None
    baseline: Path | None = None
    tolerance: float = 0.0
    same_size: bool = False

    def check(self, summary: Summary, earlier: list[Earlier]) -> list[gates.Finding]:
        """What the gates say."""
        findings = []
        if self.fail_under is not None:
            findings += gates.below(summary.pairs, self.fail_under)
        if self.baseline is not None:
            findings += gates.against_baseline(summary.pairs, earlier, self.tolerance)
        return findings

    def judged(
        self, score: float | None, error: str | None, size_difference: str
    ) -> tuple[float | None, str | None]:
        """Score and error of a pair; there is no score if sizes must be the same and are not."""
        if self.same_size and score is not None and size_difference:
            return None, f"{size_difference}."
        return score, error

    def outcome(self, outcome: Outcome) -> Outcome:
        """The outcome of a pair, judged."""
        score, error = self.judged(outcome.score, outcome.error, outcome.size_difference)
        levels = outcome.levels if score is not None else ()
        return replace(outcome, score=score, error=error, levels=levels)


def make_plan(
    reference: Path | None, distorted: Path | None, manifest: Path | None, pattern: str | None
) -> Plan:
    """The pairs that the arguments name."""
    if manifest is not None:
        return read_manifest(manifest)
    if reference is None or distorted is None:
        raise InputError("Give a reference and a distorted image or folder, or --manifest FILE.")
    plan = plan_paths(reference, distorted, None if pattern is None else Pattern(pattern))
    if not plan.pairs:
        show.show_leftovers(plan)
        expected = (
            "equal names but for the suffix, or --pattern TEXT"
            if pattern is None
            else f"names like {pattern}"
        )
        raise InputError(
            f"No image in {printable(distorted)} belongs to a reference of "
            f"{printable(reference)}: expected {expected}."
        )
    return plan


def dry_run(plan: Plan, allow_unmatched: bool, as_json: bool, levels: int = 1) -> int:
    """Show what would be scored; the exit status is the one that the pairing alone decides."""
    check_columns(plan.columns, levels)
    if as_json:
        for pair in plan.pairs:
            names = {"reference": pair.reference, "distorted": pair.distorted}
            typer.echo(json.dumps({**names, **pair.columns}, ensure_ascii=False, default=str))
    else:
        show.show_plan(plan)
    problems = [
        Scored(pair.reference, pair.distorted, None, problem)
        for pair in plan.pairs
        if (problem := pair.problem or _missing(pair.reference_path, pair.distorted_path))
    ]
    show.show_failures(problems)
    show.show_leftovers(plan)
    references = len({pair.reference_path for pair in plan.pairs})
    show.say(f"pairs: {len(plan.pairs)}, references: {references}; nothing was scored")
    return SOME_FAILED if problems or not _accepted(plan, allow_unmatched) else 0


def _missing(*paths: Path) -> str | None:
    missing = [printable(path) for path in paths if not path.is_file()]
    return f"no such file: {', '.join(missing)}" if missing else None


def _accepted(plan: Plan, allow_unmatched: bool) -> bool:
    return plan.complete or (allow_unmatched and not plan.ambiguous)


def score_many(
    plan: Plan,
    metric: MSDS,
    *,
    reading: Reading,
    options: Options,
    output: Path | None,
    resume: bool,
    allow_unmatched: bool,
    demands: Gates,
    display: Display,
) -> int:
    """Score a plan, write and show the results, and return the exit status."""
    settings = {**metric.settings, "small": metric.small, **reading.settings}
    run = Run(metric.model_id, metric.fingerprint, settings)
    check_columns(plan.columns, run.levels)
    earlier = [] if demands.baseline is None else gates.read_baseline(demands.baseline, run)
    start = time.perf_counter()
    scored, fresh = _scored(plan, metric, run, reading, options, output, resume, demands, display)
    seconds = time.perf_counter() - start
    summary = Summary(tuple(scored))
    findings = demands.check(summary, earlier)
    if display.quiet:
        for pair in scored:
            typer.echo("nan" if pair.score is None else f"{pair.score:.6f}")
    elif output is None and not display.as_json:
        show.show_scores(plan, scored)
    show.show_failures(scored)
    show.show_leftovers(plan)
    if not display.quiet:
        show.show_summary(summary, seconds, fresh)
    show.show_findings(findings)
    if display.annotations:
        show.annotate(plan, scored, findings, err=display.as_json or display.quiet)
    if any(finding.failed for finding in findings):
        return GATE_FAILED
    return SOME_FAILED if summary.failures or not _accepted(plan, allow_unmatched) else 0


def _scored(
    plan: Plan,
    metric: MSDS,
    run: Run,
    reading: Reading,
    options: Options,
    output: Path | None,
    resume: bool,
    demands: Gates,
    display: Display,
) -> tuple[list[Scored], int]:
    """All pairs in the order of the plan, and how many of them were scored just now."""
    from msds.scoring import score_pairs

    scored: dict[int, Scored] = {}
    with ExitStack() as stack:
        journal = None
        if output is not None:
            path = output.with_name(output.name + ".journal")
            if resume and not path.exists() and output.exists():
                return _finished(output, plan, run, demands), 0
            journal = stack.enter_context(Journal(path, plan, run, resume=resume))
            # A run killed while it wrote the results left its temporary file behind.
            target = output.resolve()
            for stale in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
                stale.unlink()
            scored.update(
                (row, _brief(plan, row, demands.outcome(done))) for row, done in journal.outcomes()
            )
        before = len(scored)
        rows = [row for row in range(len(plan.pairs)) if row not in scored]
        wanted = not (display.quiet or display.as_json)
        outcomes = score_pairs(metric, plan.pairs, rows=rows, reading=reading, options=options)
        try:
            with show.progress_bar(len(plan.pairs), before, wanted) as advance:
                for row, whole in _written(outcomes, journal):
                    outcome = demands.outcome(whole)
                    scored[row] = _brief(plan, row, outcome)
                    if display.as_json:
                        typer.echo(json_line(plan, run, row, outcome))
                    advance()
        except KeyboardInterrupt:
            if journal is not None:
                show.say(f"{len(scored)} of {len(plan.pairs)} pairs are kept; go on with --resume")
            raise
        if journal is not None and output is not None:
            try:
                judged = ((row, demands.outcome(done)) for row, done in journal.outcomes())
                write_results(output, plan, run, judged)
            except OSError as error:
                raise _unwritable(output, error) from error
            journal.remove()
    return [scored[row] for row in range(len(plan.pairs))], len(scored) - before


def _written(
    outcomes: Iterator[tuple[int, Outcome]], journal: Journal | None
) -> Iterator[tuple[int, Outcome]]:
    """The outcomes, each handed on when it is in the journal."""
    for row, outcome in outcomes:
        if journal is not None:
            try:
                journal.add(row, outcome)
            except OSError as error:
                raise _unwritable(journal.path, error) from error
        yield row, outcome


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{printable(path)}: results cannot be written ({error.strerror or error}).")


def _brief(plan: Plan, row: int, outcome: Outcome) -> Scored:
    pair = plan.pairs[row]
    return Scored(
        pair.reference, pair.distorted, outcome.score, outcome.error, outcome.size_difference
    )


def _finished(output: Path, plan: Plan, run: Run, demands: Gates) -> list[Scored]:
    """The pairs of results that are complete already, if they are those of this plan and run."""
    rows = read_results(output)
    name = printable(output)
    for row in rows:
        if row.fingerprint != run.fingerprint:
            raise InputError(
                f"{name} is complete, and was made with another model: {row.model}, fingerprint "
                f"{row.fingerprint[:16]}; this is {run.model}, fingerprint {run.fingerprint[:16]}."
            )
        if settings := differing(row.settings, run.settings):
            raise InputError(
                f"{name} is complete, and was made with other settings: {settings} differ."
            )
    if [(row.reference, row.distorted) for row in rows] != [
        (pair.reference, pair.distorted) for pair in plan.pairs
    ]:
        raise InputError(
            f"{name} is complete, and holds other pairs: the manifest or the folders have changed."
        )
    return [
        Scored(
            row.reference,
            row.distorted,
            *demands.judged(row.score, row.error, row.size_difference),
            row.size_difference,
        )
        for row in rows
    ]
