"""A score in words: which codec qualities give it, and what people called pairs that have it.

The table beside this file is measured, see docs/what-a-number-means.md, and holds for the models
it names and no others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("meaning.json")

WORDS = {
    5: "imperceptible",
    4: "perceptible but not annoying",
    3: "slightly annoying",
    2: "annoying",
    1: "very annoying",
}
"""The grades of KADID-10k's scale (degradation category rating, ITU-T P.910)."""

CODECS = ("JPEG", "WebP", "AVIF")

MOST_WORDS = 2
"""So many grades are named, the most frequent ones."""


def in_words(score: float, model: str) -> str | None:
    """What a score means, in one sentence.

    Parameters
    ----------
    score : as `msds.score` gives it.
    model : the model's id, as results name it.

    Returns
    -------
    Such as "photographs have it at JPEG 18 (11 to 27), WebP 9 (below 5 to 19), ...; of 30 rated
    pairs with such a score people called 47% slightly annoying and 40% perceptible but not
    annoying". None for a model that was not measured.
    """
    entry = meaning(model)
    if entry is None:
        return None
    if score >= 1:
        return "as the reference"
    named = [f"{codec} {quality_of(score, entry['codecs'][codec])}" for codec in CODECS]
    return f"photographs have it at {', '.join(named)}; {_people(score, entry['people'])}"


def mostly(score: float, model: str) -> str | None:
    """What most rated pairs of such a score were called, such as "slightly annoying".

    None for a model that was not measured, and for a score of 1.
    """
    entry = meaning(model)
    if entry is None or score >= 1:
        return None
    row = _row(score, entry["people"])
    return max(WORDS.values(), key=lambda word: float(row[word]))


def meaning(model: str) -> dict[str, Any] | None:
    """All that was measured of a model: codecs, people, provenance; None if nothing was."""
    entry: dict[str, Any] | None = _table().get(model)
    return entry


def quality_of(score: float, rows: Sequence[dict[str, float]]) -> str:
    """The quality of a codec that gives a score, and in brackets what it is for most photographs.

    Parameters
    ----------
    rows : of each quality in rising order, `quality`, and `low`, `median` and `high` of scores.
    """
    # A photograph that scores high at a quality reaches the score at a lower one.
    middle, least, most = (_quality(score, rows, key) for key in ("median", "high", "low"))
    return middle if " " in middle else f"{middle} ({least} to {most})"


def _quality(score: float, rows: Sequence[dict[str, float]], key: str) -> str:
    """Linear between the measured qualities, or which of them it lies beyond."""
    if score < rows[0][key]:
        return f"below {rows[0]['quality']:g}"
    for before, after in pairwise(rows):
        if score <= after[key]:
            step = after[key] - before[key]
            part = (score - before[key]) / step if step > 0 else 1.0
            return f"{before['quality'] + part * (after['quality'] - before['quality']):.0f}"
    return f"above {rows[-1]['quality']:g}"


def _people(score: float, rows: Sequence[dict[str, Any]]) -> str:
    """What people called rated pairs of such a score."""
    row = _row(score, rows)
    shares = sorted(((row[word], word) for word in WORDS.values()), key=lambda s: -s[0])
    named = [f"{share:.0%} {word}" for share, word in shares[:MOST_WORDS] if share > 0]
    return f"of {row['pairs']} rated pairs with such a score people called {' and '.join(named)}"


def _row(score: float, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The row of people's words that a score belongs to."""
    return next((row for row in rows if score >= row["from"]), rows[-1])


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table
