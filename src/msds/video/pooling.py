"""Scores of frames to those of a clip, under the names that libvmaf and VMAF's tools have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

SECOND = 1.0


def pooled(times: Sequence[float], scores: Sequence[float]) -> dict[str, float]:
    """What the scores of frames amount to.

    Parameters
    ----------
    times : of the frames, in seconds, rising.
    scores : of the frames; at least one.

    Returns
    -------
    ``mean``; ``harmonic_mean``, as libvmaf has it: n / sum(1 / (score + 1)) - 1; ``min`` and
    ``max``; ``perc1``, ``perc5``, ``perc10``: percentiles, between values linearly; and
    ``worst_second``: the lowest mean of all frames within a second that begins with a frame and
    ends within the clip, with the time where it begins, ``worst_second_at``. Of a clip of less than
    a second it is the mean.
    """
    values = np.asarray(scores, np.float64)
    shifted = np.maximum(values + 1, 1e-12)
    worst, place = worst_second(np.asarray(times, np.float64), values)
    one, five, ten = np.percentile(values, [1, 5, 10])
    return {
        "mean": float(values.mean()),
        "harmonic_mean": float(len(values) / (1 / shifted).sum() - 1),
        "min": float(values.min()),
        "max": float(values.max()),
        "perc1": float(one),
        "perc5": float(five),
        "perc10": float(ten),
        "worst_second": worst,
        "worst_second_at": place,
    }


def worst_second(times: Doubles, scores: Doubles) -> tuple[float, float]:
    """The lowest mean over a second, and where it begins."""
    steps = np.diff(times)
    end = times[-1] + (np.median(steps) if len(steps) else 0.0)
    # A frame belongs to a second if it begins in it; sums of intervals are not exact.
    last = np.searchsorted(times, times + SECOND - 1e-6)
    whole = times + SECOND <= end + 1e-6
    if not whole.any():
        return float(scores.mean()), float(times[0])
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    count = np.arange(len(times))
    means = np.where(whole, (sums[last] - sums[count]) / (last - count), np.inf)
    place = int(means.argmin())
    return float(scores[place : last[place]].mean()), float(times[place])
