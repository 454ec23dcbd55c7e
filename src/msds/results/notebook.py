"""A record as notebooks show it: a few lines of HTML that need nothing else."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from msds.text import one_line

if TYPE_CHECKING:
    from msds.results.record import Score, Size

_BAR = (
    '<div style="width:12em;background:rgba(128,128,128,.25)">'
    '<div style="width:{percent:.1f}%;height:.8em;background:#2f6f8f"></div></div>'
)


def score_html(score: Score) -> str:
    """A table of the levels below the score, or the reason why there is none."""
    head = "failed" if score.score is None else f"{score.score:.6f}"
    lines = [f"<b>{head}</b> {_text(score.model)}"]
    if score.error:
        lines.append(_text(score.error))
    if score.levels:
        rows = map(_row, range(1, len(score.levels) + 1), score.levels, score.weights)
        head = "<tr><th>level</th><th></th><th>similarity</th><th>weight</th></tr>"
        lines.append(f"<table>{head}{''.join(rows)}</table>")
    for role, name, size in (
        ("reference", score.reference, score.reference_size),
        ("distorted", score.distorted, score.distorted_size),
    ):
        lines.append(f"{role}: {_text(name)}{_pixels(size)}")
    lines += [_text(note) for note in score.notes]
    return f"<div>{'<br>'.join(lines)}</div>"


def _row(number: int, value: float, weight: float) -> str:
    bar = _BAR.format(percent=100 * max(0.0, min(1.0, value)))
    return f"<tr><td>{number}</td><td>{bar}</td><td>{value:.4f}</td><td>{weight:.3f}</td></tr>"


def _pixels(size: Size | None) -> str:
    return f", {size[0]} x {size[1]}" if size else ""


def _text(text: str) -> str:
    return escape(one_line(text))
