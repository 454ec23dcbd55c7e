"""When the parts of two images are alike, but not in the same places.

DeepSSIM compares statistics that do not know where they come from: a mirrored image keeps most of
its score. Windows that are compared in their places do not. Where the two disagree, for the whole
images or for a half of them, parts have moved.
"""

from __future__ import annotations

from collections.abc import Sequence

from msds.metric.maps.local import WINDOW
from msds.metric.maps.record import QualityMap, Region

NOTE = "the parts are alike but not in the same places"

LIMITS: dict[tuple[str, int], float] = {("compact-v3", 4): 0.202}
"""Disagreement from which on the note is given, by name of the trunk and number of levels; found by
`benchmarks/position.py`."""

GOOD = 0.7
"""Below this score disagreement is counted in proportion to the score: less is left to lose."""


def disagreement(regions: Sequence[Region], weights: Sequence[float]) -> float:
    """By how much windows in their places are less alike than the images, or a half of them.

    Parameters
    ----------
    regions : of a local map.
    weights : of the levels; as many levels are looked at.

    Returns
    -------
    The greatest gap over the regions: about 0 for most distortions, 0.3 to 0.5 where parts moved.
    """
    gaps = []
    for region in regions:
        levels = zip(weights, region.scores, region.local, strict=False)
        score, gap = 0.0, 0.0
        for weight, of_region, of_windows in levels:
            score += weight * of_region
            gap += weight * (of_region - of_windows)
        gaps.append(gap / max(min(1.0, score / GOOD), 0.1))
    return max(gaps)


def knows_places(trunk: str, levels: int) -> bool:
    """Whether a limit was measured for a trunk and so many levels."""
    return (trunk, levels) in LIMITS


def position_note(found: QualityMap) -> str | None:
    """`NOTE` if a local map says so, or None.

    None too for maps of models, windows and numbers of levels for which no limit was measured, see
    docs/maps.md.
    """
    if not found.regions or found.window != WINDOW:
        return None
    limit = LIMITS.get((found.trunk, len(found.levels)))
    weights = [level.weight for level in found.levels]
    return NOTE if limit is not None and disagreement(found.regions, weights) > limit else None
