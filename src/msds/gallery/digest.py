"""A run in one page of Markdown, such as the summary that GitHub shows of a step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msds.files import atomic_write, same_file
from msds.gallery.comparison import Change, Compared, Comparison, compared
from msds.results import Score
from msds.results.baseline import read_baseline
from msds.scoring import Report
from msds.text import counted, markdown

MOST = 10
"""Rows of a table: the summary is to be read, and GitHub takes 1 MiB of it."""

GITHUB = "GITHUB_STEP_SUMMARY"
"""Where GitHub names the file of a step's summary, to which all its commands add their own.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""


def digest(reports: Sequence[Report], page: str = "") -> str:
    """What became of a run: counts, conditions, what changed, the worst pairs, a link to its page.

    Parameters
    ----------
    reports : of one plan, one for each model.
    page : address or name of the page of the run, if there is one.
    """
    parts = [line for report in reports for line in _of(report)]
    if page:
        parts.append(f"[The page of this run]({_address(page)})")
    return "\n\n".join(parts) + "\n"


def write_digest(path: Path, text: str) -> None:
    """Write a summary; to the file of GitHub's own summary it is added."""
    named = os.environ.get(GITHUB)
    before = ""
    if named and path.is_file() and same_file(path, named):
        before = path.read_text(encoding="utf-8")
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{before.rstrip()}\n\n{text}" if before.strip() else text)


def _of(report: Report) -> Iterator[str]:
    summary = report.summary
    count, failed = len(summary.pairs), len(summary.failures)
    yield f"### MSDS: {counted(count, 'pairs')}, {markdown(report.run.model)}"
    words = [f"{count - failed} scored", f"{failed} failed"]
    if summary.median is not None:
        words.append(f"median {summary.median:.6f}")
    if report.kept:
        words.append(f"{report.kept} kept of an earlier run")
    plan = report.plan
    alone = (*plan.unmatched_references, *plan.unmatched_distorted, *plan.ambiguous)
    if alone:
        words.append(f"{counted(len(alone), 'files')} not paired")
    yield f"{', '.join(words)}. {_verdict(report)}".rstrip()
    yield from _failures(summary.failures)
    yield from _conditions(report)
    if report.job.conditions.baseline is not None:
        yield from _changes(report, report.job.conditions.baseline)
    rows = ([f"{one.score:.6f}", *_names(one)] for one in summary.worst)
    yield from _table("Lowest scores", ("score", "distorted", "reference"), list(rows))


def _verdict(report: Report) -> str:
    failed = sum(finding.failed for finding in report.findings)
    conditions = report.job.conditions
    if failed:
        return f"**{counted(failed, 'conditions')} not met.**"
    if conditions.baseline is not None or conditions.fail_under is not None:
        return "All conditions are met."
    return ""


def _failures(failures: Sequence[Score]) -> Iterator[str]:
    rows = [[*_names(one), one.error or "failed"] for one in failures]
    yield from _table("Not scored", ("distorted", "reference", "why"), rows)


def _conditions(report: Report) -> Iterator[str]:
    rows = [
        [one.title, one.distorted, one.reference, one.text]
        for one in sorted(report.findings, key=lambda one: not one.failed)
        if one.title not in ("failed", "worse")  # these are shown where they belong
    ]
    yield from _table("Conditions", ("what", "distorted", "reference", "found"), rows)


def since_baseline(report: Report, baseline: Path) -> tuple[Comparison, str]:
    """A run compared with its baseline, and in a few words how many pairs changed in each way."""
    tolerance = report.job.conditions.tolerance
    found = compared(report.scores, read_baseline(baseline, report.run), tolerance)
    return found, ", ".join(f"{found.counts[change]} {change.value}" for change in Change)


def _changes(report: Report, baseline: Path) -> Iterator[str]:
    """Better and worse pairs since the baseline, those that changed most first."""
    found, counts = since_baseline(report, baseline)
    yield f"Since the baseline {markdown(baseline.name)}: {counts}."
    for change in (Change.WORSE, Change.BETTER):
        pairs = [pair for pair in found.pairs if pair.change is change]
        pairs.sort(key=lambda pair: -abs(pair.difference or 0))
        heads = ("before", "now", "change", "distorted", "reference")
        yield from _table(change.value.capitalize(), heads, list(map(_change, pairs)))


def _change(pair: Compared) -> list[str]:
    before, now, difference = pair.before, pair.now, pair.difference
    return [f"{before:.6f}", f"{now:.6f}", f"{difference:+.6f}", *_names(pair.score)]


def _names(score: Score) -> tuple[str, str]:
    return score.distorted, score.reference


def _table(title: str, heads: Sequence[str], rows: Sequence[Iterable[str]]) -> Iterator[str]:
    if not rows:
        return
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(map(markdown, row))} |" for row in rows[:MOST]]
    yield f"**{title}** ({len(rows)})" if len(rows) > 1 else f"**{title}**"
    yield "\n".join(lines)
    if len(rows) > MOST:
        yield f"and {len(rows) - MOST} more"


def _address(page: str) -> str:
    """An address as it stands in Markdown's angle brackets."""
    return "<" + "".join(f"%{ord(c):02X}" if c in "<>\\ \n\r\t" else c for c in page) + ">"
