"""Frames of two clips in step, by their time stamps.

Two frames belong together if neither clip has a frame that is nearer in time to the other, and
their times differ by less than half of the shorter one of the clips' usual intervals. Whatever is
left over has no partner: a frame is never compared with another moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from msds.errors import MSDSError
from msds.images.video import Clip, Frame

T = TypeVar("T")


@dataclass(frozen=True)
class Moment:
    """A frame of the reference and its partners.

    Attributes
    ----------
    number : of the frame, from 0 where scoring begins.
    frame : of the reference.
    partners : of each distorted clip a frame, or None.
    passed : of each distorted clip, how many frames without a partner came before.
    """

    number: int
    frame: Frame
    partners: tuple[Frame | None, ...]
    passed: tuple[int, ...] = ()


class Partners:
    """Gives the frames of a distorted clip that belong to those of a reference, in their order.

    Parameters
    ----------
    frames : of the distorted clip.
    tolerance : times differ by less.
    offset : seconds by which the distorted clip is later.
    begin, end : seconds of the reference; frames outside of them are none that lack a partner.

    Attributes
    ----------
    alone : frames that had no partner.
    failure : why the clip cannot be used at all, once that is known.
    """

    def __init__(
        self,
        frames: Iterator[Frame],
        tolerance: Fraction,
        offset: Fraction = Fraction(0),
        begin: Fraction | None = None,
        end: Fraction | None = None,
    ) -> None:
        self.alone = 0
        self.failure: str | None = None
        self._frames, self._tolerance, self._offset = frames, tolerance, offset
        self._begin, self._end = begin, end
        self._next: list[Frame] = []

    def of(self, time: Fraction, following: Fraction | None) -> Frame | None:
        """The frame that belongs to one of the reference.

        Parameters
        ----------
        time, following : of that frame and of the next one of the reference, if there is one.
        """
        while self._fill(2):
            head, distance = self._next[0], self._distance(0, time)
            if distance >= self._tolerance:
                if self._time(head) > time:
                    return None
                self._drop()
            elif len(self._next) > 1 and self._distance(1, time) < distance:
                self._drop()
            elif following is not None and self._distance(0, following) < distance:
                return None
            else:
                return self._next.pop(0)
        return None

    def finish(self) -> None:
        """The reference has no more frames: count what is left of the distorted clip."""
        while self._fill(1):
            if self._end is not None and self._time(self._next[0]) >= self._end:
                return
            self._drop()

    def _fill(self, count: int) -> bool:
        while len(self._next) < count and (frame := self._read()) is not None:
            self._next.append(frame)
        return bool(self._next)

    def _read(self) -> Frame | None:
        try:
            return None if self.failure else next(self._frames, None)
        except MSDSError as error:  # costs this clip, and not those beside it
            self.failure = str(error)
            self._next.clear()
            return None

    def _drop(self) -> None:
        time = self._time(self._next.pop(0))
        self.alone += self._begin is None or time > self._begin - self._tolerance

    def _time(self, frame: Frame) -> Fraction:
        return frame.time - self._offset

    def _distance(self, index: int, time: Fraction) -> Fraction:
        return abs(self._time(self._next[index]) - time)


def tolerance_of(*clips: Clip) -> Fraction:
    """By how much less times of frames of these clips must differ that belong together."""
    return min(clip.interval for clip in clips) / 2


def with_next(values: Iterable[T]) -> Iterator[tuple[T, T | None]]:
    """Each value with the one behind it."""
    before: list[T] = []
    for value in values:
        if before:
            yield before.pop(), value
        before.append(value)
    if before:
        yield before.pop(), None


def moments(
    reference: Iterable[Frame],
    others: list[Partners],
    begin: Fraction | None = None,
    end: Fraction | None = None,
    after: tuple[Fraction, int] | None = None,
) -> Iterator[Moment]:
    """The frames of a reference with their partners.

    Parameters
    ----------
    begin, end : seconds between which frames count.
    after : time, as exactly as a float tells it, and number of a frame, behind which to go on.
    """
    number = 0 if after is None else after[1] + 1
    # Records hold times as floats, in which those of fine clocks are not exact.
    known = None if after is None else float(after[0])
    for frame, following in with_next(reference):
        early = begin is not None and frame.time < begin
        then = None if following is None else following.time
        if early or (known is not None and float(frame.time) < known):
            continue
        if float(frame.time) == known:
            for other in others:
                other.of(frame.time, then)  # these are known already
            continue
        if end is not None and frame.time >= end:
            break
        partners = tuple(other.of(frame.time, then) for other in others)
        yield Moment(number, frame, partners, tuple(other.alone for other in others))
        number += 1
    for other in others:
        other.finish()
