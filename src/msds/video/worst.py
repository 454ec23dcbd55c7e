"""The worst moments of a clip, and what their frames show."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Pillow

from msds.errors import MSDSError
from msds.gallery.maps import map_picture, reduced_map
from msds.images import Image
from msds.images.video import Clip, Frame
from msds.report.maps import round_up
from msds.report.pictures import data_uri, eight_bits, webp, within
from msds.scoring.maps import map_pair
from msds.video.pairing import Moment
from msds.video.pixels import shown

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

MOST = 8
"""Moments that are shown of a pair of clips."""

LONGEST = 1280
SMALL = 320
"""Pixels of the longest side of a picture, large and small."""


@dataclass(frozen=True)
class Seen:
    """What a moment looks like: addresses of pictures, as data.

    Attributes
    ----------
    reference, distorted, small, map : of both frames, of the distorted one made small, and of the
        map over it, if there is one.
    """

    reference: str
    distorted: str
    small: str
    map: str | None = None


def worst_moments(times: Sequence[float], scores: Sequence[float], most: int = MOST) -> list[int]:
    """Numbers of the frames of the lowest scores, lowest first, none within a second of another.

    In a short clip they may be closer, so that about as many as are wanted find room.
    """
    gap = min(1.0, (times[-1] - times[0]) / (2 * most)) if len(times) > 1 else 0.0
    found: list[int] = []
    for place in np.argsort(np.asarray(scores), kind="stable"):
        if all(abs(times[place] - times[other]) >= gap for other in found):
            found.append(int(place))
        if len(found) == most:
            break
    return found


def look_at(
    metric: MSDS, reference: Clip, distorted: Clip, times: Sequence[float], offset: float
) -> tuple[list[Seen | None], list[str]]:
    """Pictures of moments, and why some have none.

    Parameters
    ----------
    times : of frames of the reference, in seconds.
    offset : seconds by which the distorted clip is later.
    """
    problems: list[str] = []
    pictures: list[tuple[Pillow.Image, Pillow.Image] | None] = []
    maps: list[Any] = []
    for time in times:
        try:
            first, second = _images(reference, distorted, time, offset)
            maps.append(reduced_map(map_pair(first.pixels, second.pixels, model=metric)))
            pictures.append((_picture(first), _picture(second)))
        except MSDSError as error:
            problems.append(f"{distorted.name} at {time:.3f} s: {error}")
            maps.append(None)
            pictures.append(None)
    top = round_up(max((float(one.max()) for one in maps if one is not None), default=1.0) or 1.0)
    return [_seen(both, one, top) for both, one in zip(pictures, maps, strict=True)], problems


def _images(reference: Clip, distorted: Clip, time: float, offset: float) -> tuple[Image, Image]:
    frame = _frame_at(reference, Fraction(time))
    partner = _frame_at(distorted, Fraction(time + offset))
    first, (second,) = shown(Moment(0, frame, (partner,)), reference, [distorted])
    if first.image is None or second.image is None:
        raise MSDSError(second.error or "there is no picture.")
    return first.image, second.image


def _frame_at(clip: Clip, time: Fraction) -> Frame:
    """The frame nearest to a time."""
    best: Frame | None = None
    with closing(clip.frames(max(Fraction(0), time - clip.interval))) as frames:  # type: ignore[type-var]
        for frame in frames:
            if best is None or abs(frame.time - time) < abs(best.time - time):
                best = frame
            elif frame.time > time:
                break
    if best is None:
        raise MSDSError("there is no frame.")
    return best


def _seen(both: tuple[Pillow.Image, Pillow.Image] | None, found: Any, top: float) -> Seen | None:
    if both is None:
        return None
    first, second = both
    return Seen(
        data_uri(webp(first, quality=92)),
        data_uri(webp(second, quality=92)),
        data_uri(webp(within(second, SMALL), quality=80)),
        data_uri(map_picture(found / top)),
    )


def _picture(image: Image) -> Pillow.Image:
    """An image as large as a page shows it, at a small part of its memory."""
    return within(Pillow.fromarray(eight_bits(image.pixels)), LONGEST)
