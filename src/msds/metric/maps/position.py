"""When the parts of two images are alike, but not in the same places."""

from __future__ import annotations

from msds.metric.maps.local import WINDOW
from msds.metric.maps.record import QualityMap

NOTE = "the parts are alike but not in the same places"

LIMITS: dict[tuple[str, int], float] = {}
"""Disagreement from which on the note is given, by name of the trunk and number of levels."""


def disagreement(found: QualityMap) -> float:
    """By how much the similarity of windows in their places falls short of that of the images."""
    total = sum(level.weight * level.score for level in found.levels)
    return found.mean - (1 - total)


def position_note(found: QualityMap) -> str | None:
    """`NOTE` if a local map says so, or None.

    None too for maps of models, windows and numbers of levels for which no limit was measured, see
    docs/maps.md.
    """
    if found.kind != "local" or found.window != WINDOW:
        return None
    limit = LIMITS.get((found.trunk, len(found.levels)))
    return NOTE if limit is not None and disagreement(found) > limit else None
