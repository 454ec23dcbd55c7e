"""Records of clips: what the frames of one amount to, and a journal of the frames themselves."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msds.locks import try_to_lock
from msds.pairs import Pair, Plan
from msds.results.journal import Journal, line_of, read_record, record_of
from msds.results.record import Run, Score

WHOLE = ("frames", "failed_frames", "unmatched_reference", "unmatched_distorted")
"""Columns of a clip's record that count frames."""

POOLED = ("harmonic_mean", "min", "max", "perc1", "perc5", "perc10")
"""Those of its pooled scores besides the mean, which is the score, as libvmaf and VMAF's tools
name them."""

CLIP_COLUMNS = (*WHOLE, *POOLED, "worst_second", "worst_second_at", "offset")

_ENDED: Mapping[str, Any] = {"ended": True}
"""The last record of a journal whose run is over, and has left clips unfinished."""

FRAME_COLUMNS: Mapping[str, Any] = {"frame": 0, "time": 0.0, "distorted_time": 0.0}
"""Columns of the record of a frame, each with a value of its type."""


def clip_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a clip's columns that were found out, of a table that may be of text, as numbers."""
    found: dict[str, Any] = {}
    for name in CLIP_COLUMNS:
        value = columns.get(name)
        if value not in (None, ""):
            found[name] = int(value) if name in WHOLE else float(value)
    return found


def has_gaps(score: Score, allow_unmatched: bool) -> bool:
    """Whether frames of a clip could not be decoded, or lack a partner and must not."""
    failed, *unmatched = (score.columns.get(name) or 0 for name in WHOLE[1:])
    return bool(failed) or (not allow_unmatched and any(unmatched))


def is_unfinished(score: Score) -> bool:
    """Whether a clip failed after frames of it had been scored, which can be gone on with."""
    return score.score is None and bool(clip_columns(score.columns).get("frames"))


@dataclass
class Kept:
    """Frames of one pair of clips in a journal.

    Attributes
    ----------
    digests : of the two files when they were scored.
    places : of the records in the file.
    """

    digests: tuple[str, str] = ("", "")
    places: array[int] = field(default_factory=lambda: array("q"))


class FrameJournal(Journal):
    """Records of frames as they come, of any number of pairs of clips.

    What is behind a damaged line is scored again: a frame is never missing among others.

    Parameters
    ----------
    path, run, resume : as of `Journal`.
    """

    def __init__(self, path: Path, run: Run, *, resume: bool) -> None:
        self._kept: dict[tuple[str, str], Kept] = {}
        super().__init__(path, Plan(()), run, resume=resume)

    def __enter__(self) -> FrameJournal:
        return self

    def begin(self, pair: Pair, digests: tuple[str, str]) -> None:
        """A pair is going to be scored; frames of other bytes of these files are forgotten."""
        kept = self._kept.get(_names(pair))
        if kept is None or kept.digests != digests:
            self._kept[_names(pair)] = Kept(digests)
            self._append({"clip": list(_names(pair)), "sha256": list(digests)})

    def add_frame(self, score: Score) -> None:
        """Keep the record of a frame."""
        self._kept[score.reference, score.distorted].places.append(self._end)
        self._append(score.to_journal() | {"columns": dict(score.columns)})

    def end(self) -> None:
        """The run is over: a later one that resumes goes on with it, another begins anew."""
        self._append(_ENDED)

    def has(self, pair: Pair) -> bool:
        """Whether a pair was begun."""
        return _names(pair) in self._kept

    def frames(self, pair: Pair) -> Iterator[Score]:
        """The frames of a pair that are kept, in the order in which they came."""
        kept = self._kept.get(_names(pair))
        if kept is None:
            return
        with self.path.open("rb") as file:
            for place in kept.places:
                file.seek(place)
                content = record_of(file.readline())
                if content is not None:
                    yield Score.of(pair, self._run, content)

    def _refuse_old(self) -> None:
        if _has_ended(self.path):
            self._file.truncate(0)
        else:
            super()._refuse_old()

    def _index(self, line: bytes, offset: int, former: bool) -> bool:
        content = read_record(line)
        if content is None or not self._is_indexed(content, line, offset):
            self.damaged += 1
            return False
        return True

    def _is_indexed(self, content: Mapping[str, Any], line: bytes, offset: int) -> bool:
        """Remember what a line says; whether it says something."""
        if content == _ENDED:
            return True
        if "clip" in content:
            clip, digests = _two_names(content["clip"]), _two_names(content.get("sha256"))
            if clip is None or digests is None:
                return False
            self._kept[clip] = Kept(digests)
            return True
        kept = None
        if _is_of_a_frame(line):
            kept = self._kept.get((str(content.get("reference")), str(content.get("distorted"))))
        if kept is not None:
            kept.places.append(offset)
        return kept is not None


def remove_ended(path: Path) -> None:
    """Remove a journal whose run is over, unless another process goes on with it."""
    with suppress(OSError):  # it is gone, or is not ours to remove
        with path.open("ab") as file:
            ended = try_to_lock(file) and _has_ended(path)
        if ended:
            path.unlink()


def _has_ended(path: Path) -> bool:
    """Whether the last record of a journal says that its run is over."""
    end = line_of(_ENDED)
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(end)))
        return file.read() == end


def _two_names(value: Any) -> tuple[str, str] | None:
    if isinstance(value, list) and [type(one) for one in value] == [str, str]:
        return value[0], value[1]
    return None


def _is_of_a_frame(line: bytes) -> bool:
    """Whether a line is a whole record of a frame."""
    content = record_of(line)
    if content is None or not isinstance(content.get("columns"), dict):
        return False
    numbers = [*content["levels"], *(content["columns"].get(name) for name in ("frame", "time"))]
    return all(isinstance(one, int | float) and math.isfinite(one) for one in numbers)


def _names(pair: Pair) -> tuple[str, str]:
    return pair.reference, pair.distorted
