"""By how much a distorted clip is later than its reference, found by encodings of small frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import torch

from msds.encoding import Encoding
from msds.images.video import Clip
from msds.video.reading import ClipReading
from msds.video.small import Small, small_frames

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

PROBES = 12
"""Frames of the reference that are looked for."""

SPAN = Fraction(4)
"""Seconds of the reference from which they are taken."""

_GAIN = 1e-4
"""By which an offset must be better than a smaller one."""


@dataclass(frozen=True)
class Offset:
    """What was found.

    Attributes
    ----------
    exact : seconds by which the distorted clip is later.
    score : mean of the small frames with it.
    without : the same with none.
    """

    exact: Fraction
    score: float
    without: float

    @property
    def seconds(self) -> float:
        """The offset, to a microsecond."""
        return round(float(self.exact), 6)

    def __str__(self) -> str:
        scores = f"{self.score:.4f} on small frames, {self.without:.4f} without an offset"
        if not self.exact:
            return f"aligned: no offset found ({scores})"
        where = "later" if self.exact > 0 else "earlier"
        return f"aligned: the distorted clip is {abs(self.seconds):g} s {where} ({scores})"


def find_offset(metric: MSDS, reading: ClipReading, reference: Clip, distorted: Clip) -> Offset:
    """Search for the offset within `reading.align` seconds.

    A dozen frames of the first seconds of the reference, spread evenly, are compared with all
    frames of the distorted clip that they could belong to, each as small as the metric takes it.
    The offset of the best mean counts; of those that are as good, the smallest.
    """
    most = Fraction(reading.align or 0).limit_denominator(10**6)
    begin = reading.first or Fraction(0)
    end = begin + SPAN + most
    if reading.last is not None:
        end = min(end, reading.last)
    side = metric.minimum_side
    size = (side, side)
    frames = list(small_frames(reference, size, "rgb24", begin, end))
    if not frames:
        return Offset(Fraction(0), float("nan"), float("nan"))
    chosen = sorted({round(k) for k in np.linspace(0, len(frames) - 1, PROBES)})
    probes = [frames[k] for k in chosen]
    others = list(
        small_frames(distorted, size, "rgb24", max(Fraction(0), begin - most), end + most)
    )
    return _best(probes, others, _scores(metric, probes, others), most, distorted.interval)


def _scores(metric: MSDS, probes: Sequence[Small], others: Sequence[Small]) -> torch.Tensor:
    """Scores of every probe against every other frame."""
    encoder = metric.encoder()

    def encoded(frames: Sequence[Small]) -> list[Encoding]:
        pixels = [torch.from_numpy(f.samples).permute(2, 0, 1).float() / 255 for f in frames]
        return encoder.encode(pixels)

    theirs = encoded(others)
    rows = []
    with torch.inference_mode():
        for one in encoded(probes):
            scores = [float(metric.fuse(metric.level_scores(one, other))) for other in theirs]
            rows.append(torch.tensor(scores, dtype=torch.float64))
    return torch.stack(rows)


def _best(
    probes: Sequence[Small],
    others: Sequence[Small],
    scores: torch.Tensor,
    most: Fraction,
    interval: Fraction,
) -> Offset:
    """The offset of the best mean over all probes that have a frame with it."""
    stamps = np.array([float(frame.time) for frame in others])
    best = none = Offset(Fraction(0), float("-inf"), float("-inf"))
    steps = int(most / interval)
    for step in sorted(range(-steps, steps + 1), key=abs):
        found = []
        for row, probe in enumerate(probes):
            wanted = float(probe.time + step * interval)
            place = int(np.abs(stamps - wanted).argmin()) if len(stamps) else 0
            if len(stamps) and abs(stamps[place] - wanted) < float(interval) / 2:
                found.append(float(scores[row, place]))
        if len(found) * 2 < len(probes):
            continue
        mean = float(np.mean(found))
        if step == 0:
            none = best = Offset(Fraction(0), mean, mean)
        elif mean > best.score + _GAIN:
            best = Offset(step * interval, mean, none.score)
    return best
