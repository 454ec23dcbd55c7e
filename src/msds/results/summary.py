"""What a run amounts to: counts, the median, the worst pairs, and those that failed."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

WORST = 5


@dataclass(frozen=True)
class Scored:
    """One pair as summaries and gates see it; `size_difference` is "" where sizes are equal."""

    reference: str
    distorted: str
    score: float | None
    error: str | None = None
    size_difference: str = ""


@dataclass(frozen=True)
class Summary:
    """Counts and extremes of scored pairs.

    Attributes
    ----------
    pairs : all pairs, in the order of the plan.
    """

    pairs: tuple[Scored, ...]

    @property
    def failures(self) -> list[Scored]:
        """Pairs without a score."""
        return [pair for pair in self.pairs if pair.score is None]

    @property
    def unequal(self) -> list[Scored]:
        """Pairs that were scored though their images are of different size."""
        return [pair for pair in self.pairs if pair.score is not None and pair.size_difference]

    @property
    def median(self) -> float | None:
        """Median score, None if no pair was scored."""
        scores = [pair.score for pair in self.pairs if pair.score is not None]
        return statistics.median(scores) if scores else None

    @property
    def worst(self) -> list[Scored]:
        """The five pairs of the lowest scores, lowest first."""
        scored = [(pair.score, k) for k, pair in enumerate(self.pairs) if pair.score is not None]
        return [self.pairs[k] for _, k in sorted(scored)[:WORST]]
