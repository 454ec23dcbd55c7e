"""What `msds score` shows: a plan, a run as it goes, and its report."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from msds.cli import show
from msds.cli.options import Pairing
from msds.cli.report import say_written
from msds.errors import InputError
from msds.files import atomic_write
from msds.pairs import Plan, guess_pattern
from msds.results import Score, check_columns, json_line
from msds.status import Status
from msds.text import one_line, printable

if TYPE_CHECKING:
    from msds.metric.modules import MSDS
    from msds.scoring import Job, Report
    from msds.scoring.maps import Places


@dataclass(frozen=True)
class Pipeline:
    """Files for the programs that run a pipeline: JUnit's XML, a summary and where it links to."""

    junit: Path | None = None
    summary: Path | None = None
    link: str | None = None


@dataclass(frozen=True)
class Display:
    """What is shown: records as JSON Lines, scores, levels of one pair, annotations; files."""

    as_json: bool = False
    quiet: bool = False
    explain: bool = False
    annotations: bool = False
    page: Path | None = None
    pipeline: Pipeline = Pipeline()


class NoScoreError(InputError):
    """The one pair of a call could not be scored."""


def make_plan(pairing: Pairing) -> Plan:
    """The pairs that the arguments name; at least one."""
    plan = pairing.plan()
    if not plan.pairs:
        show.show_leftovers(plan)
        expected = (
            "equal names but for the suffix, or --pattern TEXT"
            if pairing.pattern is None
            else f"names like {pairing.pattern}"
        )
        reference, distorted = map(printable, pairing.files)
        raise InputError(
            f"No image in {distorted} belongs to a reference of {reference}: expected {expected}."
            + _advice(pairing)
        )
    return plan


def _advice(pairing: Pairing) -> str:
    """What may have been meant by a call that leaves no pairs."""
    if empty := next((path for path in pairing.files if _is_bare(path)), None):
        return f" There is no image in {printable(empty)}."
    if _is_swapped(pairing):
        return " Were the two folders given in the wrong order?"
    folders = all(path.is_dir() for path in pairing.files)
    guess = guess_pattern(*pairing.files) if folders else None
    if guess is None or guess == pairing.pattern:
        return ""
    return one_line(f" The names look like --pattern {shlex.quote(guess)}.")


def _is_bare(path: Path) -> bool:
    """Whether it is a folder in which nothing lies, hidden files apart."""
    return path.is_dir() and not any(one.name[:1] != "." for one in path.iterdir())


def _is_swapped(pairing: Pairing) -> bool:
    """Whether there would be pairs if the reference were the distorted image."""
    reference, distorted = pairing.files
    turned = replace(pairing, reference=distorted, distorted=[reference])
    try:
        return bool(turned.plan().pairs)
    except InputError:
        return False


def dry_run(plan: Plan, allow_unmatched: bool, as_json: bool, levels: int = 1) -> Status:
    """Show what would be scored; the exit status is the one that the pairing alone decides."""
    check_columns(plan.columns, levels)
    if as_json:
        for pair in plan.pairs:
            names = {"reference": pair.reference, "distorted": pair.distorted}
            typer.echo(json.dumps({**names, **pair.columns}, ensure_ascii=False, default=str))
    else:
        show.show_plan(plan)
    problems = [
        Score(pair.reference, pair.distorted, error=problem)
        for pair in plan.pairs
        if (problem := pair.problem or _missing(pair.reference_path, pair.distorted_path))
    ]
    show.show_failures(problems)
    show.show_leftovers(plan)
    references = len({pair.reference_path for pair in plan.pairs})
    show.say(f"pairs: {len(plan.pairs)}, references: {references}; nothing was scored")
    accepted = plan.is_accepted(allow_unmatched)
    return Status.DONE if accepted and not problems else Status.SOME_FAILED


def _missing(*paths: Path) -> str | None:
    missing = [printable(path) for path in paths if not path.is_file()]
    return f"no such file: {', '.join(missing)}" if missing else None


def score_one(plan: Plan, metrics: Sequence[MSDS], job: Job, display: Display) -> Status:
    """Score the one pair of a plan and show it; a pair without a score is a wrong call."""
    from msds.cli.progress import Progress
    from msds.scoring import run_models

    with Progress(display, keeps=False, alone=True) as progress:
        reports = run_models(plan, metrics, progress.hearing(job), progress)
    for report, metric in zip(reports, metrics, strict=True):
        (score,) = report.scores
        if score.score is None:
            reason = score.error or "failed."
            named = score.reference in reason or score.distorted in reason
            raise NoScoreError(reason if named else f"{score.distorted}: {reason}")
        _show_one(score, display, _places(report, metric) if display.explain else None)
    if difference := reports[0].scores[0].size_difference:
        show.say(f"msds: {difference}; nothing was resized")
    for report in reports:
        for finding in report.findings:
            of = f" ({report.run.model})" if len(reports) > 1 else ""
            show.say(one_line(f"msds: {finding.text}{of}"))
        _say_maps(report, display)
    return max(report.status for report in reports)


def _places(report: Report, metric: MSDS) -> Places | None:
    """Where the parts of the one pair of a plan are; a run that made its map has noted it."""
    from msds.scoring.maps import look_for_moved_parts

    if report.job.maps is not None or report.job.reading.saliency is not None:
        return None
    pair = report.plan.pairs[0]
    return look_for_moved_parts(
        pair.reference_path, pair.distorted_path, metric, report.job.reading
    )


def _show_one(score: Score, display: Display, places: Places | None) -> None:
    if display.as_json:
        typer.echo(json_line(score))
    elif display.explain:
        from msds.cli.explain import explain

        explain(score, places)
    elif display.quiet:
        typer.echo(f"{score.score:.6f}")
    else:
        typer.echo(one_line(f"{score.score:.6f}  {score.model}"))
        show.show_clip(score)


def score_many(plan: Plan, metrics: Sequence[MSDS], job: Job, display: Display) -> Status:
    """Score a plan, and show and write its results."""
    from msds.cli.progress import Progress
    from msds.scoring import run_models
    from msds.video import Clips

    with Progress(display, keeps=job.output is not None) as progress:
        problems: list[str] = []
        job = progress.hearing(job)
        if display.page is None:
            reports = run_models(plan, metrics, job, progress)
        elif isinstance(job.scorer, Clips):
            from msds.video.page import write_clip_page

            reports = run_models(plan, metrics, job, progress)
            problems = write_clip_page(display.page, reports[0], job.scorer, metrics[0])
        else:
            from msds.gallery.live import run_with_page

            report, problems = run_with_page(display.page, plan, metrics[0], job, progress)
            reports = [report]
    _show(reports, display)
    if display.page is not None:
        say_written(display.page, problems)
    _write(reports, display)
    return max(report.status for report in reports)


def _write(reports: Sequence[Report], display: Display) -> None:
    """Write what a pipeline wants to have."""
    files = display.pipeline
    if files.junit is not None:
        from msds.gallery.junit import junit

        with atomic_write(files.junit, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(junit(reports))
    if files.summary is not None:
        from msds.gallery.digest import digest, write_digest

        page = files.link or ("" if display.page is None else printable(display.page))
        write_digest(files.summary, digest(reports, page))


def _show(reports: Sequence[Report], display: Display) -> None:
    plan = reports[0].plan
    if display.quiet:
        for scores in zip(*(report.scores for report in reports), strict=True):
            typer.echo("\t".join("nan" if s.score is None else f"{s.score:.6f}" for s in scores))
    elif reports[0].job.output is None and not display.as_json:
        show.show_scores(plan, [report.scores for report in reports])
    for report in reports:
        if len(reports) > 1 and not display.quiet:
            show.say(one_line(f"{report.run.model}:"))
        show.show_failures(report.scores)
        if report is reports[0]:
            show.show_leftovers(plan)
        if not display.quiet:
            show.show_summary(report)
        show.show_gaps(report.scores)
        show.show_findings(report.findings)
        _say_maps(report, display)
        if display.annotations:
            err = display.as_json or display.quiet
            show.annotate(plan, report.scores, report.findings, err=err)


def _say_maps(report: Report, display: Display) -> None:
    """How many maps were written, and where."""
    maps = report.job.maps
    if maps is not None and maps.folder is not None and not display.quiet:
        show.say(f"maps: {len(report.maps)} written in {printable(maps.folder)}")
