"""Where the scenes of a clip begin, and which frames stand for them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from msds.images.video import Clip
from msds.video.small import small_frames

_SIZE = (48, 27)

CHANGE = 16.0
"""Mean difference of grey, of 255, from which a frame can begin a scene."""

ABOVE = 3.0
"""By how much it must be larger than the difference before, so that movement begins none."""


def cuts(differences: Sequence[float]) -> list[int]:
    """Numbers of frames with which a scene begins, the first one among them.

    Parameters
    ----------
    differences : of each frame from the second one on to the one before.
    """
    found = [0]
    for number, change in enumerate(differences, 1):
        before = differences[number - 2] if number > 1 else 0.0
        if change >= CHANGE and change >= ABOVE * before:
            found.append(number)
    return found


def times_of_scenes(
    clip: Clip, count: int, begin: Fraction | None, end: Fraction | None
) -> frozenset[Fraction]:
    """Times of `count` frames of each scene, spread evenly over it.

    The whole clip is decoded for it once; a scene of fewer frames gives all of them.
    """
    times: list[Fraction] = []
    differences: list[float] = []
    before = None
    for frame in small_frames(clip, _SIZE, "gray", begin, end):
        grey = frame.samples.astype(np.float32)
        if before is not None:
            differences.append(float(np.abs(grey - before).mean()))
        times.append(frame.time)
        before = grey
    starts = [*cuts(differences), len(times)]
    found: set[Fraction] = set()
    for start, stop in pairwise(starts):
        places = start + (np.arange(count) + 0.5) * (stop - start) / count
        found.update(times[int(place)] for place in places if place < len(times))
    return frozenset(found)
