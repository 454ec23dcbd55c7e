"""`ClipReading`: how files become pixels, and which frames of clips are scored."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.images.video import Clip, open_clip
from msds.scoring import Reading
from msds.scoring.memory import decoding_share


@dataclass(frozen=True)
class ClipReading(Reading):
    """The same as `Reading`, for images and clips.

    Attributes
    ----------
    every : of so many frames of the reference one is scored.
    start, end : seconds of the reference between which frames are scored, `end` excluded; all by
        default.
    scenes : so many frames of each scene are scored; all by default.
    align : seconds by which the distorted clip may lead or lag; the offset is searched for. None
        where both clocks are one.
    interlaced : how frames of two fields are meant, see `msds.images.video.open_clip`.
    same_size : whether clips of different size are refused instead of scaled.

    Raises
    ------
    InputError
        If one of them is no such number.
    """

    every: int = 1
    start: float | None = None
    end: float | None = None
    scenes: int | None = None
    align: float | None = None
    interlaced: str | None = None
    same_size: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("--from", self.start), ("--to", self.end), ("--align", self.align)):
            if value is not None and not 0 <= value < math.inf:
                raise InputError(f"{name} is a time in seconds, 0 or more; found {value:g}.")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise InputError(f"--to {self.end:g} is not after --from {self.start:g}.")
        if self.every < 1 or (self.scenes is not None and self.scenes < 1):
            raise InputError("--every and --scenes are numbers of frames, 1 or more.")
        if self.scenes is not None and self.every > 1:
            raise InputError("--scenes and --every both choose frames: give one of them.")

    @classmethod
    def like(cls, reading: Reading, **chosen: Any) -> ClipReading:
        """What reads images as another does, and clips as is said here."""
        return cls(**{one.name: getattr(reading, one.name) for one in fields(Reading)}, **chosen)

    def clip(self, path: Path) -> Clip:
        """A video file as these settings read it."""
        with self._memory_named():
            return open_clip(
                path,
                background=self.background,
                transfer=self.transfer,
                interlaced=self.interlaced,
                max_pixels=self.max_pixels,
                memory=None if self.memory is None else decoding_share(self.memory),
            )

    @property
    def first(self) -> Fraction | None:
        """The time from which frames are scored."""
        return None if self.start is None else Fraction(self.start).limit_denominator(10**6)

    @property
    def last(self) -> Fraction | None:
        """The time before which they end."""
        return None if self.end is None else Fraction(self.end).limit_denominator(10**6)

    @property
    def settings(self) -> dict[str, str | int | None]:
        """What changes pixels or the choice of frames, as JSON-able values."""
        chosen: dict[str, object] = {
            "every": self.every if self.every > 1 else None,
            "from": self.start,
            "to": self.end,
            "scenes": self.scenes,
            "align": self.align,
            "interlaced": self.interlaced,
            "same_size": self.same_size or None,
        }
        given = {name: value for name, value in chosen.items() if value is not None}
        return {**super().settings, **given}
