"""One reference and its distorted clips, from files to records, with what was kept before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msds.files import sha256_file
from msds.images.video import Clip
from msds.pairs import Pair
from msds.results import Run, Score
from msds.results.clips import FrameJournal
from msds.scoring import Options
from msds.scoring.inputs import explain
from msds.video.ahead import ahead
from msds.video.align import Offset, find_offset
from msds.video.frames import FrameScorer, Scored
from msds.video.pairing import Moment, Partners, moments, tolerance_of
from msds.video.reading import ClipReading
from msds.video.scenes import times_of_scenes
from msds.video.tally import FrameTally

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

AHEAD = 4
"""Frames of a clip that are decoded before they are needed."""

After = tuple[Fraction, int] | None
"""Time and number of the last frame of which there is a record."""


class FrameWatcher:
    """Hears of the frames of a run as they come; this one does nothing about it."""

    def begin_clips(self, pairs: Sequence[Pair], total: int | None, kept: int) -> None:
        """So many frames these pairs of one reference have, about, and so many were kept."""

    def scored_frame(self, pair: Pair, score: Score) -> None:
        """A frame has its record."""


@dataclass
class _Version:
    """A distorted clip of a reference."""

    row: int
    pair: Pair
    clip: Clip
    digests: tuple[str, str]
    tally: FrameTally
    offset: Offset | None = None


@dataclass
class Work:
    """Scores pairs of clips that share a reference.

    Parameters
    ----------
    metric, reading, options, run : with what, and how.
    watcher : told of frames.
    tallies : where what was found of each pair goes, by row.
    """

    metric: MSDS
    reading: ClipReading
    options: Options
    run: Run
    watcher: FrameWatcher
    tallies: dict[int, FrameTally]
    _journal: FrameJournal | None = None
    _digests: dict[Path, str] = field(default_factory=dict)

    @contextmanager
    def keeping(self, path: Path | None, resume: bool) -> Iterator[None]:
        """Keep records of frames in a file as long as the block runs, if there is to be one."""
        with (
            nullcontext() if path is None else FrameJournal(path, self.run, resume=resume)
        ) as self._journal:
            yield

    def group(self, pairs: Mapping[int, Pair]) -> Iterator[tuple[int, Score]]:
        """Records of pairs of one reference, by row."""
        path = next(iter(pairs.values())).reference_path
        within: Any = self.reading.within(self.options.memory)
        try:
            reference = within.clip(path)
        except Exception as error:  # whatever a decoder raises costs these pairs only
            for row, pair in pairs.items():
                yield row, self._failed(pair, explain(error, path))
            return
        versions: dict[After, list[_Version]] = {}
        for row, pair in pairs.items():
            try:
                clip = within.clip(pair.distorted_path)
                offset = self._offset(reference, clip)
            except Exception as error:  # as above
                yield row, self._failed(pair, explain(error, pair.distorted_path))
                continue
            version = self._version(row, pair, clip, offset)
            versions.setdefault(version.tally.last, []).append(version)
        for after, together in versions.items():
            yield from self._score(reference, together, after)

    def _failed(self, pair: Pair, error: str) -> Score:
        first, second = (self._digest(path) for path in (pair.reference_path, pair.distorted_path))
        return replace(
            Score.of(pair, self.run),
            error=error,
            reference_sha256=first or None,
            distorted_sha256=second or None,
        )

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            try:
                readable = path.is_file() and path.stat().st_size
                self._digests[path] = sha256_file(path) if readable else ""
            except (OSError, ValueError):  # whoever opens it says why
                self._digests[path] = ""
        return self._digests[path]

    def _offset(self, reference: Clip, clip: Clip) -> Offset | None:
        if self.reading.align is None:
            return None
        return find_offset(self.metric, self.reading, reference, clip)

    def _version(self, row: int, pair: Pair, clip: Clip, offset: Offset | None) -> _Version:
        digests = (self._digest(pair.reference_path), self._digest(pair.distorted_path))
        version = _Version(row, pair, clip, digests, FrameTally(pair), offset)
        self.tallies[row] = version.tally
        if self._journal is not None:
            self._journal.begin(pair, digests)
            for score in self._journal.frames(pair):
                version.tally.add_kept(score)
        return version

    def _score(
        self, reference: Clip, versions: list[_Version], after: After
    ) -> Iterator[tuple[int, Score]]:
        begun = len(versions[0].tally.scores)
        self.watcher.begin_clips([one.pair for one in versions], self._total(reference), begun)
        begin = self.reading.first if after is None else after[0]
        earlier = [one.tally.passed for one in versions]
        failure = None
        with closing(_Streams(reference, versions, begin, self.reading.last)) as streams:
            scorer = FrameScorer(
                self.metric,
                reference,
                [one.clip for one in versions],
                [one.pair for one in versions],
                self.run,
                self.options,
                self.reading.same_size,
            )
            found = moments(
                streams.reference, streams.partners, self.reading.first, self.reading.last, after
            )
            frames = scorer.scores(self._chosen(found, reference))
            while True:
                try:
                    scored = next(frames, None)
                except Exception as error:  # as above
                    failure = explain(error, reference.path)
                    break
                if scored is None:
                    break
                for one in scored:  # what cannot be kept ends the run
                    self._add(versions[one.which], one, earlier[one.which])
            for version, partners, passed in zip(versions, streams.partners, earlier, strict=True):
                version.tally.passed = passed + partners.alone
                yield version.row, self._record(version, failure or partners.failure)

    def _record(self, version: _Version, failure: str | None) -> Score:
        if failure is not None:
            done = len(version.tally.scores)
            failed = self._failed(version.pair, failure)
            return replace(failed, columns={**failed.columns, **({"frames": done} if done else {})})
        found: dict[str, Any] = {}
        notes: tuple[str, ...] = ()
        if version.offset is not None:
            found, notes = {"offset": version.offset.seconds}, (str(version.offset),)
        score = version.tally.record(self.run, version.digests, found)
        return replace(score, notes=(*notes, *score.notes))

    def _add(self, version: _Version, scored: Scored, earlier: int) -> None:
        version.tally.add(scored.score, scored.lonely)
        if self._journal is not None:
            more = {"passed": earlier + scored.passed, "lonely": scored.lonely}
            columns = {**scored.score.columns, **more}
            self._journal.add_frame(replace(scored.score, columns=columns))
        self.watcher.scored_frame(version.pair, scored.score)

    def _chosen(self, found: Iterator[Moment], reference: Clip) -> Iterator[Moment]:
        """The moments that are to be scored."""
        reading = self.reading
        times = None
        if reading.scenes is not None:
            times = times_of_scenes(reference, reading.scenes, reading.first, reading.last)
        for moment in found:
            if times is not None and moment.frame.time not in times:
                continue
            if moment.number % reading.every == 0:
                yield moment

    def _total(self, clip: Clip) -> int | None:
        """About how many frames are to be scored."""
        if self.reading.scenes is not None or clip.duration is None:
            return None
        first, last = self.reading.first or Fraction(0), self.reading.last
        end = clip.duration if last is None else min(last, clip.duration)
        return max(1, round((end - first) / clip.interval / self.reading.every))


class _Streams:
    """Frames of all clips of a group, decoded ahead in threads."""

    def __init__(
        self,
        reference: Clip,
        versions: Sequence[_Version],
        begin: Fraction | None,
        end: Fraction | None,
    ) -> None:
        self.reference = ahead(reference.frames(begin), AHEAD)
        self._frames = []
        self.partners = []
        for one in versions:
            offset = one.offset.exact if one.offset is not None else Fraction(0)
            start = None if begin is None else max(Fraction(0), begin + offset)
            frames = ahead(one.clip.frames(start), AHEAD)
            tolerance = tolerance_of(reference, one.clip)
            self._frames.append(frames)
            self.partners.append(Partners(frames, tolerance, offset, begin, end))

    def close(self) -> None:
        """End the threads."""
        for frames in (self.reference, *self._frames):
            frames.close()  # type: ignore[attr-defined]
