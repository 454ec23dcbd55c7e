"""Plans, results and summaries of many pairs, as tables for people and lines for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from msds.cli.tables import draw
from msds.pairs import Pair, Plan
from msds.results import Finding, Score
from msds.results.clips import POOLED, WHOLE
from msds.results.finding import annotation
from msds.text import counted, one_line, printable

if TYPE_CHECKING:
    from msds.results.summary import Counts
    from msds.scoring import Report

MOST_LINES = 20
"""So many files are listed of each kind of trouble; the rest is counted."""


def say(text: str = "") -> None:
    """A line on standard error."""
    typer.echo(text, err=True)


def show_plan(plan: Plan) -> None:
    """The pairs on standard output, as a table on a terminal and tab-separated elsewhere."""
    if not sys.stdout.isatty():
        for pair in plan.pairs:
            fields = (f"{key}={value}" for key, value in pair.columns.items())
            typer.echo("\t".join(map(one_line, (pair.reference, pair.distorted, *fields))))
        return
    names = _short_names(plan.pairs)
    rows = [
        [*map(_cell, shown), *_carried(pair, plan)]
        for pair, shown in zip(plan.pairs, names, strict=True)
    ]
    columns = ["reference", "distorted", *map(_cell, plan.columns)]
    draw(columns, rows, left=range(len(columns)))


def show_scores(plan: Plan, models: Sequence[Sequence[Score]]) -> None:
    """Scores on standard output, as a table on a terminal and tab-separated elsewhere.

    Each model has a column of scores, in which it is named if there are several.
    """
    rows = list(zip(*models, strict=True))
    if not sys.stdout.isatty():
        for scores in rows:
            first = ["failed" if one.score is None else f"{one.score:.6f}" for one in scores]
            pair = (one_line(scores[0].reference), one_line(scores[0].distorted))
            typer.echo("\t".join((*first, *pair)))
        return
    names = _short_names(plan.pairs)
    table = [
        [*map(_shown, scores), *map(_cell, shown), *_carried(planned, plan)]
        for scores, planned, shown in zip(rows, plan.pairs, names, strict=True)
    ]
    heads = ["score"] if len(models) == 1 else [scores[0].model for scores in models]
    columns = [*map(_cell, heads), "reference", "distorted", *map(_cell, plan.columns)]
    unequal = any(score.size_difference for score in models[0])
    note = f"{UNEQUAL} images of different size; nothing was resized" if unequal else ""
    draw(columns, table, note=note, left=range(len(columns)))


UNEQUAL = "≠"
"""Marks a pair of images of different size."""


def _shown(score: Score) -> str:
    if score.score is None:
        return "[red]failed[/red]"
    return f"{score.score:.6f}" + (f" {UNEQUAL}" if score.size_difference else "")


def _short_names(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    """Names for tables on a terminal: without the folder that all of a column have in common."""
    columns = ([pair.reference for pair in pairs], [pair.distorted for pair in pairs])
    references, distorted = ([_below(_common(names), n) for n in names] for names in columns)
    return list(zip(references, distorted, strict=True))


def _common(names: Sequence[str]) -> str:
    """The folder all names lie in, or "" if there is none."""
    folders = {os.path.dirname(name) for name in names}  # noqa: PTH120
    absolute = {os.path.isabs(folder) for folder in folders}  # noqa: PTH117
    return os.path.commonpath(folders) if len(absolute) == 1 else ""


def _below(folder: str, name: str) -> str:
    return os.path.relpath(name, folder) if folder else name


def _carried(pair: Pair, plan: Plan) -> Iterator[str]:
    values = (pair.columns.get(name) for name in plan.columns)
    return ("" if value is None else _cell(str(value)) for value in values)


def _cell(text: str) -> str:
    return escape(one_line(text))


def show_leftovers(plan: Plan) -> None:
    """Files that have no place in the plan, on standard error."""
    _list("references without a distorted image", plan.unmatched_references)
    _list("distorted images without a reference", plan.unmatched_distorted)
    _list("ambiguous", map(str, plan.ambiguous))
    _list("ignored, no images by their names", plan.ignored)
    _list("left out, not of the pattern's suffix", plan.left_out)


def show_failures(scored: Iterable[Score]) -> None:
    """Pairs without a score, with the reason, on standard error."""
    lines = []
    for pair in scored:
        if pair.score is not None:
            continue
        reason = pair.error or ""
        named = pair.distorted in reason and pair.distorted != ""
        lines.append(reason if named else f"{pair.distorted} ({pair.reference}): {reason}")
    _list("failed", lines)


def show_summary(report: Report) -> None:
    """Counts, median and the worst pairs, on standard error."""
    show_counts(report.summary.counts, report.kept, report.seconds, report.changed)
    if (baseline := report.job.conditions.baseline) is not None:
        from msds.gallery.digest import since_baseline

        say(one_line(f"since {printable(baseline)}: {since_baseline(report, baseline)[1]}"))
    show_worst(report.summary.worst)


def show_counts(counts: Counts, kept: int, seconds: float, changed: int = 0) -> None:
    """What a run amounts to in one line, on standard error.

    Parameters
    ----------
    kept, changed : records of an earlier run; those of it that were made again.
    seconds : time it took.
    """
    count, failed = counts.all, counts.failed
    fresh = count - kept
    parts = [f"{counted(count, 'pairs')}: {count - failed} scored, {failed} failed"]
    if counts.median is not None:
        parts.append(f"median {counts.median:.6f}")
    if counts.unequal:
        parts.append(f"{counts.unequal} with images of different size, nothing was resized")
    speed = f", {fresh / seconds:.1f} pairs/s" if seconds and fresh else ""
    earlier = f", {kept} of them before" if kept else ""
    parts.append(f"{seconds:.1f} s{speed}{earlier}")
    if changed:
        parts.append(f"{changed} scored again, since their images have changed")
    say("; ".join(parts))


def show_worst(worst: Sequence[Score]) -> None:
    """The pairs of the lowest scores, on standard error, if there are several."""
    if len(worst) > 1:
        _list(
            "worst",
            (f"{pair.score:.6f}  {pair.distorted} ({pair.reference})" for pair in worst),
        )


def show_clip(score: Score) -> None:
    """What the scores of a clip's frames amount to, and on standard error what was done to them."""
    columns = score.columns
    if not columns.get("frames"):
        return
    for name in (*WHOLE, *POOLED, "worst_second"):
        value = columns[name]
        shown = f"{value:.6f}" if isinstance(value, float) else str(value)
        at = f"  at {columns['worst_second_at']:.3f} s" if name == "worst_second" else ""
        typer.echo(f"{name:<20}{shown}{at}")
    for note in score.notes:
        say(one_line(f"msds: {note}"))


def show_gaps(scores: Iterable[Score]) -> None:
    """Clips of which frames could not be compared, on standard error."""
    lines = []
    for score in scores:
        counts = (f"{name} {score.columns[name]}" for name in WHOLE[1:] if score.columns.get(name))
        if score.score is not None and (found := ", ".join(counts)):
            lines.append(f"{score.distorted} ({score.reference}): {found}")
    _list("clips with frames that were not compared", lines)


def show_findings(findings: Sequence[Finding]) -> None:
    """What the conditions say, on standard error."""
    for title in dict.fromkeys(finding.title for finding in findings):
        _list(
            title,
            (f"{_pair(f)}: {f.text}" for f in findings if f.title == title),
        )


def _pair(finding: Finding) -> str:
    return finding.distorted + (f" ({finding.reference})" if finding.reference else "")


def annotate(plan: Plan, scored: Iterable[Score], findings: Iterable[Finding], err: bool) -> None:
    """Findings and failures as annotations of GitHub Actions; one for a pair that fails now."""
    lines = [
        annotation("error", pair.distorted, "msds: failed", pair.error or "failed")
        for pair in scored
        if pair.score is None
    ]
    lines += [
        annotation(
            "error" if finding.failed else "notice",
            finding.distorted,
            f"msds: {finding.title}",
            finding.text + (f" (reference {finding.reference})" if finding.reference else ""),
        )
        for finding in findings
        if finding.title != "failed"
    ]
    for name in plan.unmatched_references:
        lines.append(annotation("warning", name, "msds: not paired", "no distorted image"))
    for name in plan.unmatched_distorted:
        lines.append(annotation("warning", name, "msds: not paired", "no reference"))
    for one in plan.ambiguous:
        lines.append(annotation("warning", one.name, "msds: not paired", str(one)))
    for line in lines:
        typer.echo(one_line(line), err=err)


def _list(title: str, lines: Iterable[str]) -> None:
    items = list(lines)
    if not items:
        return
    say(f"{title}:" if len(items) <= 1 else f"{title} ({len(items)}):")
    for line in items[:MOST_LINES]:
        say(f"  {one_line(line)}")
    if len(items) > MOST_LINES:
        say(f"  and {len(items) - MOST_LINES} more")
