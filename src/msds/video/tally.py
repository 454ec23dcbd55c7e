"""What is known of a pair of clips while its frames are scored, and its record at the end."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from msds.pairs import Pair
from msds.results import Run, Score
from msds.results.record import Size
from msds.text import counted
from msds.video.pooling import pooled


@dataclass
class FrameTally:
    """Scores of the frames of a pair, so far.

    Attributes
    ----------
    times, scores : of frames that have one.
    failed : frames that could not be decoded.
    alone : frames of the reference that have no partner.
    passed : frames of the distorted clip that have none.
    notes : of the frames, each once.
    last : time, as far as a float tells it, and number of the last one.
    """

    pair: Pair
    times: array[float] = field(default_factory=lambda: array("d"))
    scores: array[float] = field(default_factory=lambda: array("d"))
    failed: int = 0
    alone: int = 0
    passed: int = 0
    seconds: float = 0.0
    sums: Any = None
    notes: dict[str, None] = field(default_factory=dict)
    sizes: tuple[Size | None, Size | None] = (None, None)
    first_error: str = ""
    last: tuple[Fraction, int] | None = None

    def add(self, score: Score, lonely: bool) -> None:
        """Take the record of a frame.

        Parameters
        ----------
        lonely : whether it has no score because it has no partner.
        """
        columns = score.columns
        self.last = Fraction(columns["time"]), int(columns["frame"])
        self.seconds += score.seconds
        self.notes.update(dict.fromkeys(score.notes))
        if score.score is None:
            self.alone += lonely
            self.failed += not lonely
            self.first_error = self.first_error or score.error or ""
            return
        self.times.append(columns["time"])
        self.scores.append(score.score)
        levels = np.asarray(score.levels)
        self.sums = levels if self.sums is None else self.sums + levels
        self.sizes = score.reference_size, score.distorted_size

    def add_kept(self, score: Score) -> None:
        """Take the record of a frame that a journal has kept."""
        self.add(score, bool(score.columns.get("lonely")))
        self.passed = int(score.columns.get("passed", 0))

    def record(self, run: Run, digests: tuple[str, str], found: Mapping[str, Any]) -> Score:
        """The record of the pair.

        Parameters
        ----------
        found : further columns.
        """
        counts = {
            "frames": len(self.scores),
            "failed_frames": self.failed,
            "unmatched_reference": self.alone,
            "unmatched_distorted": self.passed,
        }
        values = pooled(self.times, self.scores) if self.scores else {}
        mean = values.pop("mean", None)
        return Score(
            self.pair.reference,
            self.pair.distorted,
            score=mean,
            levels=() if self.sums is None else tuple((self.sums / len(self.scores)).tolist()),
            error=None if self.scores else self.first_error or "no frame was scored.",
            notes=(*self.notes, *self._troubles()),
            reference_size=self.sizes[0],
            distorted_size=self.sizes[1],
            reference_sha256=digests[0] or None,
            distorted_sha256=digests[1] or None,
            seconds=self.seconds,
            run=run,
            columns={**self.pair.columns, **counts, **values, **found},
        )

    def _troubles(self) -> list[str]:
        """What a reader of the score must know of the frames."""
        if not self.scores:
            return []
        found = []
        if self.failed:
            found.append(f"{counted(self.failed, 'frames')} could not be decoded")
        if self.alone:
            found.append(f"{counted(self.alone, 'frames')} of the reference without a partner")
        if self.passed:
            found.append(f"{counted(self.passed, 'frames')} of the distorted without a partner")
        return found
