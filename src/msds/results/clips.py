"""Records of clips: what the frames of one amount to, and a journal of the frames themselves."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msds.pairs import Pair, Plan
from msds.results.journal import Journal, line_of, read_record
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
                content = read_record(file.readline())
                if content is not None:
                    yield Score.of(pair, self._run, content)

    def _refuse_old(self) -> None:
        end = line_of(_ENDED)
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - len(end)))
            ended = file.read() == end
        if ended:
            self._file.truncate(0)
        else:
            super()._refuse_old()

    def _index(self, line: bytes, offset: int, former: bool) -> None:
        content = read_record(line)
        if content is None:
            self.damaged += 1
        elif "clip" in content:
            reference, distorted = map(str, content["clip"])
            first, second = map(str, content["sha256"])
            self._kept[reference, distorted] = Kept((first, second))
        else:
            names = str(content.get("reference")), str(content.get("distorted"))
            if names in self._kept:
                self._kept[names].places.append(offset)


def _names(pair: Pair) -> tuple[str, str]:
    return pair.reference, pair.distorted
