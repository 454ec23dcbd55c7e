"""Level weights that were learned from opinions, by trunk."""

from __future__ import annotations

from msds.method.fusion import equal_weights

LEARNED: dict[tuple[str, int], tuple[float, ...]] = {
    ("compact-v3", 4): (0.2, 0.275, 0.25, 0.275),
}
"""By name of the trunk and number of levels. Those of compact lie half way between equal ones and
those fitted; see docs/models/compact.md."""


def default_weights(trunk: str, levels: int) -> tuple[float, ...]:
    """The weights learned for a trunk, or equal ones where none have been learned."""
    return LEARNED.get((trunk, levels), equal_weights(levels))
