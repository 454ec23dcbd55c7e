"""A plan scored by several models, with one file of results for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from msds.errors import InputError
from msds.pairs import Plan
from msds.results import Run, check_output, read_results, write_results
from msds.results.baseline import check_same_run
from msds.scoring.compare import run_of
from msds.scoring.run import Job, Report, Watcher, run_plan
from msds.text import printable

if TYPE_CHECKING:
    from msds.metric.modules import MSDS


def run_models(
    plan: Plan, metrics: Sequence[MSDS], job: Job | None = None, watcher: Watcher | None = None
) -> list[Report]:
    """Score a plan with each of several models; as `run_plan` if there is one.

    The results of all are in the output, for each pair one record of each model. Until they are
    complete, those of each model lie beside it, with a part of its fingerprint in their name.

    Raises
    ------
    InputError
        As of `run_plan`.
    """
    job = job or Job()
    if job.output is None or len(metrics) == 1:
        return [run_plan(plan, metric, job, watcher) for metric in metrics]
    check_output(job.output)
    runs = [run_of(metric, job.reading) for metric in metrics]
    parts = [_part(job.output, run) for run in runs]
    if job.resume:
        _take_apart(job.output, plan, runs, parts)
    else:
        _refuse_begun(parts)
    reports = [
        run_plan(plan, metric, replace(job, output=part), watcher)
        for metric, part in zip(metrics, parts, strict=True)
    ]
    records = [
        score for scores in zip(*(r.scores for r in reports), strict=True) for score in scores
    ]
    widest = max(runs, key=lambda run: run.levels)
    write_results(job.output, plan, widest, records, csv_safe=job.csv_safe)
    for part in parts:
        with suppress(OSError):
            part.unlink()
    return [replace(report, job=job) for report in reports]


def _part(output: Path, run: Run) -> Path:
    """Where the results of one model lie until those of all are complete."""
    return output.with_name(f"{output.name}.{run.fingerprint[:12]}.jsonl")


def _refuse_begun(parts: Sequence[Path]) -> None:
    for part in parts:
        if part.exists():
            raise InputError(
                f"{printable(part)}: a run that wrote these results was interrupted; go on with "
                "--resume, or remove this file to start again."
            )


def _take_apart(output: Path, plan: Plan, runs: Sequence[Run], parts: Sequence[Path]) -> None:
    """Give each model the records that it has in results that are complete."""
    if not output.exists() or any(part.exists() or _journal(part).exists() for part in parts):
        return
    scores = read_results(output)
    known = {run.fingerprint for run in runs}
    for score in scores:
        if score.fingerprint not in known:
            check_same_run(f"{printable(output)} is complete, and was", score.run, runs[0])
    for run, part in zip(runs, parts, strict=True):
        own = [score for score in scores if score.fingerprint == run.fingerprint]
        for score in own:
            check_same_run(f"{printable(output)} is complete, and was", score.run, run)
        if own:
            write_results(part, plan, run, own)


def _journal(part: Path) -> Path:
    return part.with_name(part.name + ".journal")
