"""From packets to frames in the order of their times, and a row for each that is lost."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from msds.errors import InputError, require
from msds.images.video.container import EXTRA, interval, opened, origin, said

_MARGIN = Fraction(1)
"""Seconds before a wanted time to which a file is wound: frames may refer to later ones."""


@dataclass(frozen=True)
class Frame:
    """A frame of a clip, or what is known of one that could not be decoded.

    Attributes
    ----------
    time : seconds since the clip's beginning.
    picture : as PyAV has it, or None.
    error : why there is none.
    """

    time: Fraction
    picture: Any = None
    error: str | None = None


class _Damaged(Exception):  # noqa: N818
    """The decoder has met damage."""


def decoded(path: Path, name: str, start: Fraction | None, max_pixels: int) -> Iterator[Frame]:
    """The frames of a clip from a time on, in the order in which they are shown.

    Damaged data cost the frames that need them; what a decoder would guess in their place is no
    frame. Decoding goes on behind them.

    Parameters
    ----------
    path, name : of the file.
    start : seconds; frames before may come as well, so that none of the wanted ones is missing.
    max_pixels : frames with more are not decoded.
    """
    last: Frame | None = None
    for careful in (False, True):
        try:
            for frame in _attempt(path, name, start, max_pixels, careful):
                if last is None or frame.time > last.time:
                    yield frame
                    last = frame
            return
        except _Damaged:
            # Decoding in several threads does not tell which frame is meant.
            start = start if last is None else last.time


def _attempt(
    path: Path, name: str, start: Fraction | None, max_pixels: int, careful: bool
) -> Iterator[Frame]:
    with opened(path, name, max_pixels) as (container, stream):
        reader = _Reader(container, stream, max_pixels, careful)
        if start is None or start <= _MARGIN:
            yield from reader.frames()
            return
        frames = reader.frames_near(start)
        first = next(frames, None)
        if first is not None and first.time <= start:
            yield first
            yield from frames
            return
    yield from _attempt(path, name, None, max_pixels, careful)  # it cannot be wound


class _Reader:
    """Decodes one stream."""

    def __init__(self, container: Any, stream: Any, max_pixels: int, careful: bool) -> None:
        self._av = require("av", EXTRA)
        self._container, self._stream, self._careful = container, stream, careful
        self._origin, self._interval = origin(container, stream), interval(stream)
        self._pending: list[int] = []
        self._reason: str | None = None
        self._last: Fraction | None = None
        codec = stream.codec_context
        codec.options = {"err_detect": "crccheck+explode", "max_pixels": str(max_pixels)}
        codec.thread_type = "SLICE" if careful else "AUTO"

    def frames_near(self, start: Fraction) -> Iterator[Frame]:
        """Frames from a place on that lies before a time, if the file can be wound."""
        base = self._stream.time_base
        wanted = int((start - _MARGIN + self._origin) / base)
        try:
            self._container.seek(wanted, stream=self._stream, backward=True)
        except self._av.FFmpegError:
            return iter(())
        return self.frames()

    def frames(self) -> Iterator[Frame]:
        """All frames from here on."""
        for packet in self._packets():
            if packet.pts is not None and packet.size and not packet.is_discard:
                heapq.heappush(self._pending, packet.pts)
            try:
                pictures = packet.decode()
            except self._av.FFmpegError as error:
                if isinstance(error, EOFError):
                    continue
                self._damage(said(error))
                continue
            for picture in pictures:
                yield from self._shown(picture)
        yield from self._lost(None)

    def _packets(self) -> Iterator[Any]:
        """Packets, as far as the container can be read."""
        try:
            yield from self._container.demux(self._stream)
        except self._av.FFmpegError as error:
            self._damage(said(error))

    def _damage(self, reason: str) -> None:
        if not self._careful:
            raise _Damaged
        self._reason = reason

    def _shown(self, picture: Any) -> Iterator[Frame]:
        if picture.pts is not None:
            yield from self._lost(picture.pts)
            if self._pending and self._pending[0] == picture.pts:
                heapq.heappop(self._pending)
        time = self._time(picture.pts)
        if picture.is_corrupt:
            self._damage("decoded with errors")
            yield Frame(time, error=_lost(self._reason))
        else:
            yield Frame(time, picture)
        if picture.key_frame:
            self._reason = None  # what follows does not build upon what was damaged

    def _lost(self, before: int | None) -> Iterator[Frame]:
        """Frames that would have been shown before a time stamp and were not decoded.

        Packets that give no frame are none of these where there was no damage.
        """
        while self._pending and (before is None or self._pending[0] < before):
            stamp = heapq.heappop(self._pending)
            if self._reason is not None:
                yield Frame(self._time(stamp), error=_lost(self._reason))

    def _time(self, stamp: int | None) -> Fraction:
        """Seconds of a time stamp; frames without one follow each other as usual."""
        if stamp is not None:
            time = Fraction(stamp * self._stream.time_base) - self._origin
        else:
            time = Fraction(0) if self._last is None else self._last + self._interval
        self._last = time
        return time


def _lost(reason: str | None) -> str:
    return f"cannot be decoded: {reason or 'damaged'}"


def check_progressive(picture: Any, name: str) -> None:
    """Refuse a frame of two fields.

    Raises
    ------
    InputError
        If it is one.
    """
    if picture.interlaced_frame:
        raise InputError(
            f"{name}: this is interlaced, each frame has two moments; say how it is meant with "
            "--interlaced weave (frames as they are stored) or --interlaced bwdif (fields become "
            "frames by FFmpeg's filter of that name)."
        )
