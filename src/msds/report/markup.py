"""Text of others as HTML, and pieces of it that stand for numbers."""

from __future__ import annotations

import math
import re
from html import escape

from msds.text import one_line

_LONG = 12
_PART = re.compile(r"([/_.-])(?=\w)")
"""Where a name's part ends."""


def shown(text: str) -> str:
    """Any text as HTML that shows it, in one line."""
    return escape(one_line(text))


def shown_name(text: str) -> str:
    """Text with names of files as HTML: long ones break where their parts end."""
    return " ".join(
        _PART.sub(r"\1<wbr>", shown(word)) if len(word) > _LONG else shown(word)
        for word in text.split(" ")
    )


def shown_lines(text: str) -> str:
    """Any text as HTML that shows it, with its lines."""
    return "\n".join(map(shown, text.splitlines()))


def score_bar(score: float, low: float = 0.0) -> str:
    """A bar that is full at 1 and empty at `low`."""
    return (
        '<svg class="score-bar" width="100%" height="6" aria-hidden="true">'
        '<rect class="track" width="100%" height="6" rx="3"/>'
        f'<rect class="fill" width="{_share(score, low)}%" height="6" rx="3"/></svg>'
    )


def _share(value: float, low: float) -> float:
    if not math.isfinite(value):
        return 0.0
    return round(100 * min(1.0, max(0.0, (value - low) / (1 - low))), 1)
