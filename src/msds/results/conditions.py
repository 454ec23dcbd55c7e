"""Conditions that results must meet, for continuous integration: thresholds and baselines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from msds.errors import InputError
from msds.results.baseline import against_baseline
from msds.results.finding import Finding
from msds.results.record import Score

DEFAULT_TOLERANCE = 0.001


@dataclass(frozen=True)
class Conditions:
    """What the scores of a run must meet.

    Attributes
    ----------
    fail_under : the least score that is good.
    baseline : earlier results, than which no score may be worse.
    tolerance : by more than this.
    same_size : whether a pair of images of different size has no score.
    allow_unmatched : whether files without a partner are accepted; ambiguous ones never are.

    Raises
    ------
    InputError
        If a number is none that scores or their differences can have.
    """

    fail_under: float | None = None
    baseline: Path | None = None
    tolerance: float = DEFAULT_TOLERANCE
    same_size: bool = False
    allow_unmatched: bool = False

    def __post_init__(self) -> None:
        if self.fail_under is not None and not -1 <= self.fail_under <= 1:
            raise InputError(
                f"--fail-under is a score, so from -1 to 1; found {self.fail_under:g}."
            )
        if not 0 <= self.tolerance < math.inf:
            raise InputError(
                f"--tolerance is a difference of scores, 0 or more; found {self.tolerance:g}."
            )

    def judged(self, score: Score) -> Score:
        """The record as these conditions leave it: no score where sizes must not differ."""
        if not self.same_size or score.score is None or not score.size_difference:
            return score
        return replace(score, score=None, levels=(), error=f"{score.size_difference}.")

    def findings(self, scores: Sequence[Score], earlier: Sequence[Score] | None) -> list[Finding]:
        """What is to be said about judged scores, in view of the baseline's if there is one."""
        found = [] if self.fail_under is None else below(scores, self.fail_under)
        if earlier is not None:
            found += against_baseline(scores, earlier, self.tolerance)
        return found


def below(pairs: Iterable[Score], threshold: float) -> list[Finding]:
    """Pairs whose score is lower than a threshold, lowest first."""
    found = sorted(
        (pair.score, pair.distorted, pair.reference)
        for pair in pairs
        if pair.score is not None and not pair.score >= threshold
    )
    return [
        Finding("below threshold", reference, distorted, f"{score:.6f} is below {threshold:g}")
        for score, distorted, reference in found
    ]
