"""The page of a run with clips: for each its curve over time and its worst moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msds.errors import MSDSError
from msds.files import atomic_write
from msds.gallery.page import data_script, dialog_html, facts_html
from msds.report.charts import Curve
from msds.report.document import Look, document, masthead
from msds.report.html import chart_html, table_html
from msds.report.markup import shown
from msds.report.style import asset
from msds.report.table import Table
from msds.results import Score
from msds.scoring import Report
from msds.video.reading import ClipReading
from msds.video.scorer import Clips
from msds.video.tally import FrameTally
from msds.video.worst import Seen, look_at, worst_moments

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

_WIDEST = 1080.0
"""Pixels of a curve on a page that is wide enough."""


def write_clip_page(path: Path, report: Report, clips: Clips, metric: MSDS) -> list[str]:
    """Write the page of a run as one file of HTML, with its pictures.

    Parameters
    ----------
    path : the page.
    report : the run, of one model.
    clips : that scored it.
    metric : the model, for the maps of the worst moments.

    Returns
    -------
    What could not be shown, a sentence each.
    """
    moments: list[dict[str, Any]] = []
    problems: list[str] = []
    sections = ""
    rows = [row for row, pair in enumerate(report.plan.pairs) if pair.of_clips]
    for row in rows:
        score, tally = report.scores[row], clips.tally(row, report.plan.pairs[row], report.run)
        if score.score is None or tally is None or not tally.scores:
            reason = score.error or "its frames are those of an earlier run"
            sections += f"{_heading(score)}<p>{shown(reason)}</p></section>"
            continue
        html, found, trouble = _section(report, row, tally, metric, len(moments))
        sections += html
        moments += found
        problems += trouble
    body = (
        f'<div class="page gallery clips">{masthead(_title(report, rows), _lead(report))}'
        f"<main>{sections}{_others(report, rows)}</main></div>{dialog_html('moment')}"
        f"{data_script('moments', moments)}"
    )
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(document(_title(report, rows), body, _look()))
    return problems


def _look() -> Look:
    here = __package__ or "msds.video"
    return Look(
        (
            asset("page.css"),
            asset("viewer.css"),
            asset("gallery.css", "msds.gallery"),
            asset("clips.css", here),
        ),
        (asset("viewer.js"), asset("dialog.js", "msds.gallery"), asset("clips.js", here)),
    )


def _title(report: Report, rows: Sequence[int]) -> str:
    if len(rows) == 1:
        return Path(report.scores[rows[0]].distorted).name
    return f"{len(rows)} videos"


def _lead(report: Report) -> str:
    return f"Frames scored with {report.run.model}: 1 is identical, lower is worse."


def _heading(score: Score) -> str:
    return (
        f'<section class="clip"><h2>{shown(score.distorted)}</h2>'
        f'<p class="note">Reference: {shown(score.reference)}</p>'
    )


def _section(
    report: Report, row: int, tally: FrameTally, metric: MSDS, first: int
) -> tuple[str, list[dict[str, Any]], list[str]]:
    """A pair of clips: its HTML, its moments for the script, and what could not be shown."""
    score = report.scores[row]
    places = worst_moments(tally.times, tally.scores)
    seen, problems = _seen(report, row, [tally.times[k] for k in places], metric)
    texts = [f"{tally.scores[k]:.4f} at {tally.times[k]:.3f} s" for k in places]
    name = Path(score.distorted).name
    moments = [
        {"name": f"{name}, {text}", "pictures": one and [one.reference, one.distorted, one.map]}
        for text, one in zip(texts, seen, strict=True)
    ]
    curve = Curve(tally.times, tally.scores, places, texts, "time in seconds", "score")
    chart = _chart(curve, f"Score of {name} over time").replace(
        'data-moment="', f'data-first="{first}" data-moment="'
    )
    cards = "".join(
        _card(first + k, text, one) for k, (text, one) in enumerate(zip(texts, seen, strict=True))
    )
    notes = "".join(f'<p class="note">{shown(note)}</p>' for note in score.notes)
    return (
        f"{_heading(score)}{facts_html(_facts(score))}{notes}"
        f'<figure class="course">{chart}<figcaption>The line is the mean, its shadow reaches from '
        "the lowest to the highest score where frames are closer than the line can show. A click "
        "on a mark shows the moment.</figcaption></figure>"
        f'<p class="figure-title">Worst moments</p><div class="strip">{cards}</div></section>',
        moments,
        problems,
    )


def _chart(curve: Curve, description: str) -> str:
    """The curve for narrow and wide pages, and for those that have room for more of it."""
    label = f'role="img" aria-label="{shown(description)}"'
    widest = curve.svg(_WIDEST).replace("<svg ", f"<svg {label} ", 1)
    return f'{chart_html(curve, description)}<div class="plot-box widest">{widest}</div>'


def _seen(
    report: Report, row: int, times: Sequence[float], metric: MSDS
) -> tuple[list[Seen | None], list[str]]:
    reading = report.job.reading
    pair = report.plan.pairs[row]
    reading = reading if isinstance(reading, ClipReading) else ClipReading()
    try:
        reference, distorted = reading.clip(pair.reference_path), reading.clip(pair.distorted_path)
    except MSDSError as error:
        return [None] * len(times), [str(error)]
    offset = float(report.scores[row].columns.get("offset") or 0.0)
    return look_at(metric, reference, distorted, times, offset)


def _facts(score: Score) -> list[tuple[str, str]]:
    columns: Mapping[str, Any] = score.columns
    found = [
        (f"{score.score:.4f}", "mean"),
        (f"{columns['harmonic_mean']:.4f}", "harmonic mean"),
        (f"{columns['perc5']:.4f}", "5th percentile"),
        (f"{columns['worst_second']:.4f}", f"worst second, at {columns['worst_second_at']:.2f} s"),
        (f"{columns['min']:.4f}", "worst frame"),
        (f"{columns['frames']:,}", "frames scored"),
    ]
    for name, words in (
        ("failed_frames", "not decoded"),
        ("unmatched_reference", "of the reference without a partner"),
        ("unmatched_distorted", "of the distorted without a partner"),
    ):
        if columns.get(name):
            found.append((f"{columns[name]:,}", words))
    return found


def _card(moment: int, text: str, seen: Seen | None) -> str:
    score, _, when = text.partition(" ")
    picture = '<span class="no-picture"></span>'
    if seen is not None:
        picture = f'<img src="{seen.small}" alt="" loading="lazy">'
    return (
        f'<button type="button" class="card" data-card="{moment}">{picture}<b>{score}</b>'
        f'<span class="quiet">{shown(when)}</span></button>'
    )


def _others(report: Report, rows: Sequence[int]) -> str:
    """A table of the images of the run."""
    images = [score for row, score in enumerate(report.scores) if row not in set(rows)]
    if not images:
        return ""
    table = Table(
        "images of the run",
        ["image", "reference", "score"],
        [
            [
                one.distorted,
                one.reference,
                one.score if one.score is not None else one.error or "failed",
            ]
            for one in images
        ],
    )
    return f"<section>{table_html(table)}</section>"
