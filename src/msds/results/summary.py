"""What a run amounts to: counts, the median, the worst pairs, and those that failed."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import NamedTuple

from msds.results.record import Score

WORST = 5


class Counts(NamedTuple):
    """Numbers of records, and their median.

    Attributes
    ----------
    all, failed : records, and those without a score.
    unequal : those that have one though their images are of different size.
    median : of the scores, None if there are none.
    """

    all: int
    failed: int
    unequal: int
    median: float | None


@dataclass(frozen=True)
class Summary:
    """Counts and extremes of scored pairs.

    Attributes
    ----------
    pairs : all pairs, in the order of the plan.
    """

    pairs: tuple[Score, ...]

    @property
    def failures(self) -> list[Score]:
        """Pairs without a score."""
        return [pair for pair in self.pairs if pair.score is None]

    @property
    def unequal(self) -> list[Score]:
        """Pairs that were scored though their images are of different size."""
        return [pair for pair in self.pairs if pair.score is not None and pair.size_difference]

    @property
    def counts(self) -> Counts:
        """How many there are of each kind."""
        return Counts(len(self.pairs), len(self.failures), len(self.unequal), self.median)

    @property
    def median(self) -> float | None:
        """Median score, None if no pair was scored."""
        scores = [pair.score for pair in self.pairs if pair.score is not None]
        return statistics.median(scores) if scores else None

    @property
    def worst(self) -> list[Score]:
        """The five pairs of the lowest scores, lowest first."""
        scored = [(pair.score, k) for k, pair in enumerate(self.pairs) if pair.score is not None]
        return [self.pairs[k] for _, k in sorted(scored)[:WORST]]
