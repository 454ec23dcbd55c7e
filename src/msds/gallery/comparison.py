"""What got better and what got worse between two runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from msds.results import Score
from msds.results.baseline import check_same_run
from msds.results.matching import match


class Change(str, Enum):
    """What became of a pair since the old run."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    FAILED = "failed"
    """It has no score now."""
    NEW = "new"
    MISSING = "missing"


@dataclass(frozen=True)
class Compared:
    """A pair of either run.

    Attributes
    ----------
    score : its record in the new run; of a missing pair, that of the old one.
    before : its score in the old run, None if it had none.
    """

    score: Score
    before: float | None
    change: Change

    @property
    def now(self) -> float | None:
        """Its score in the new run."""
        return None if self.change is Change.MISSING else self.score.score

    @property
    def difference(self) -> float | None:
        """New less old, None where either is missing."""
        now = self.now
        return None if now is None or self.before is None else now - self.before


@dataclass(frozen=True)
class Comparison:
    """All pairs of two runs, those of the new one first, in its order.

    Attributes
    ----------
    tolerance : differences up to this count as none.
    renamed : folders under their new names, by old ones, whose pairs were matched.
    """

    pairs: tuple[Compared, ...]
    tolerance: float
    renamed: Mapping[str, str]

    @cached_property
    def counts(self) -> Counter[Change]:
        """How many pairs changed in each way."""
        return Counter(pair.change for pair in self.pairs)


def compared(new: Sequence[Score], old: Sequence[Score], tolerance: float = 0.001) -> Comparison:
    """Compare two runs of one model, matched by relative name.

    Raises
    ------
    InputError
        If the two were made by different models, or with different settings.
    """
    for score in old[:1]:
        for other in new[:1]:
            check_same_run("The results to compare with were", score.run, other.run)
    matched = match(new, old)
    pairs = []
    for row, score in enumerate(new):
        partner = matched.pairs.get(row)
        before = None if partner is None else old[partner].score
        pairs.append(Compared(score, before, _change(score, partner, before, tolerance)))
    found = set(matched.pairs.values())
    pairs += [
        Compared(score, score.score, Change.MISSING)
        for row, score in enumerate(old)
        if row not in found
    ]
    return Comparison(tuple(pairs), tolerance, matched.renamed)


def _change(score: Score, partner: int | None, before: float | None, tolerance: float) -> Change:
    if score.score is None:
        return Change.FAILED
    if partner is None or before is None:
        return Change.NEW
    if abs(score.score - before) <= tolerance:
        return Change.SAME
    return Change.BETTER if score.score > before else Change.WORSE
