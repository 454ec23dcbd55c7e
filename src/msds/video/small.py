"""Frames made small, for what needs no detail: where scenes change, and how clips are shifted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from msds.images.video import Clip


@dataclass(frozen=True)
class Small:
    """A frame as 8-bit samples, (H, W) grey or (H, W, 3) RGB."""

    time: Fraction
    samples: npt.NDArray[np.uint8]


def small_frames(
    clip: Clip,
    size: tuple[int, int],
    kind: str,
    begin: Fraction | None = None,
    end: Fraction | None = None,
) -> Iterator[Small]:
    """The frames of a clip between two times, (width, height), scaled by FFmpeg.

    Parameters
    ----------
    kind : "gray" or "rgb24".
    """
    for frame in clip.frames(begin):
        if begin is not None and frame.time < begin:
            continue
        if end is not None and frame.time >= end:
            return
        if frame.picture is not None:
            yield Small(frame.time, _reduced(frame.picture, size, kind))


def _reduced(picture: Any, size: tuple[int, int], kind: str) -> npt.NDArray[np.uint8]:
    small = picture.reformat(width=size[0], height=size[1], format=kind, interpolation="AREA")
    found: npt.NDArray[np.uint8] = small.to_ndarray()
    return found
