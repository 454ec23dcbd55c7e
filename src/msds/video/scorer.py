"""`Clips`: scores pairs of a run, videos among images; records of frames go into a journal."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from msds.errors import InputError
from msds.models import DEFAULT_MODEL, load_model
from msds.pairs import Pair, is_video
from msds.results import Run, Score
from msds.results.clips import FrameJournal, clip_columns, is_unfinished, remove_ended
from msds.scoring import Options, Reading, score_pairs
from msds.scoring.compare import run_of
from msds.text import printable
from msds.video.reading import ClipReading
from msds.video.tables import write_frames
from msds.video.tally import FrameTally
from msds.video.work import FrameWatcher, Work

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

_DIGITS = 12
"""Of a fingerprint, in the name of the file that keeps frames."""


def score_clips(
    reference: Path,
    distorted: Path,
    *,
    model: str | MSDS = DEFAULT_MODEL,
    reading: ClipReading | None = None,
) -> Score:
    """Score one clip against another.

    Parameters
    ----------
    reference, distorted : video files.
    model : id of a model, or a metric.
    reading : how frames become pixels, and which are scored.

    Returns
    -------
    Score
        The mean over the frames, with counts of frames and pooled scores in its `columns`.

    Raises
    ------
    InputError
        If no frame could be scored.
    """
    metric = load_model(model) if isinstance(model, str) else model
    pair = Pair(printable(reference), printable(distorted), Path(reference), Path(distorted))
    run = run_of(metric, reading or ClipReading())
    work = Work(metric, reading or ClipReading(), Options(), run, FrameWatcher(), {})
    ((_, score),) = work.group({0: pair})
    if score.score is None:
        raise InputError(score.error or "no frame was scored.")
    return score


@dataclass
class Clips:
    """Scores pairs of clips by their frames and pairs of images as `score_pairs` does.

    Attributes
    ----------
    journal : file of results beside which frames are kept while they are scored, if any are.
    resume : whether to go on with what is there.
    watcher : told of frames.
    tallies : what was found of each pair of clips, by row.
    runs : that were scored with.
    unfinished : how many pairs failed after frames of them had been scored.
    """

    journal: Path | None = None
    resume: bool = False
    watcher: FrameWatcher = field(default_factory=FrameWatcher)
    tallies: dict[int, FrameTally] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    unfinished: int = 0

    def __call__(
        self,
        metric: MSDS,
        pairs: Sequence[Pair],
        *,
        rows: Iterable[int] | None = None,
        reading: Reading | None = None,
        options: Options | None = None,
    ) -> Iterator[tuple[int, Score]]:
        """Records of pairs, in no certain order, as `msds.scoring.score_pairs` gives them."""
        reading, options = reading or ClipReading(), options or Options()
        wanted = list(range(len(pairs)) if rows is None else rows)
        images = [row for row in wanted if not pairs[row].of_clips or pairs[row].problem]
        others = set(wanted).difference(images)
        videos = [row for row in wanted if row in others]
        mixed = [row for row in videos if _is_mixed(pairs[row])]
        clips = [row for row in videos if not _is_mixed(pairs[row])]
        run = run_of(metric, reading)
        self.runs.append(run)
        for row in mixed:
            problem = "a video and an image cannot be compared."
            yield row, replace(Score.of(pairs[row], run), error=problem)
        if images:
            yield from score_pairs(metric, pairs, rows=images, reading=reading, options=options)
        if not clips:
            return
        reading = reading if isinstance(reading, ClipReading) else ClipReading.like(reading)
        work = Work(metric, reading, options, run, self.watcher, self.tallies)
        with work.keeping(self.journal_of(run), self.resume):
            rows_of = _by_names(pairs, clips)
            for group in _by_reference(pairs, (same[0] for same in rows_of.values())):
                for first, score in work.group({row: pairs[row] for row in group}):
                    self.unfinished += is_unfinished(score)
                    for row in rows_of[pairs[first].reference, pairs[first].distorted]:
                        yield row, self._of_row(row, pairs[row], first, score)

    def _of_row(self, row: int, pair: Pair, first: int, score: Score) -> Score:
        """The record of a row whose pair is that of an earlier one, which was scored."""
        if row == first:
            return score
        if first in self.tallies:
            self.tallies[row] = self.tallies[first]
        return replace(score, columns={**pair.columns, **clip_columns(score.columns)}, seconds=0.0)

    def tally(self, row: int, pair: Pair, run: Run) -> FrameTally | None:
        """What is known of the frames of a pair; of an earlier run, what it has left."""
        path = self.journal_of(run)
        if row not in self.tallies and path is not None and path.exists():
            tally = FrameTally(pair)
            with FrameJournal(path, run, resume=True) as journal:
                for score in journal.frames(pair):
                    tally.add_kept(score)
            self.tallies[row] = tally
        return self.tallies.get(row)

    def finish(self, pairs: Sequence[Pair], frames: Path | None, log: str | None) -> None:
        """The run is over: write the records of frames, and remove what kept them.

        Of pairs that failed late they stay, for a run that resumes.

        Parameters
        ----------
        pairs : of clips, in the order in which their frames are written.
        frames, log : the file, if there is to be one, and whether it is a log; see `write_frames`.
        """
        for run in self.runs:
            path = self.journal_of(run)
            if path is None or not path.exists():
                continue
            with FrameJournal(path, run, resume=True) as journal:
                if frames is not None:
                    write_frames(frames, log, journal, pairs, run, resume=self.resume)
                if self.unfinished:
                    journal.end()
                else:
                    journal.remove()

    def forget_others(self) -> None:
        """Remove what runs of other models kept of an output that is of this run now."""
        if self.journal is None:
            return
        own = {self.journal_of(run) for run in self.runs}
        names = f"{glob.escape(self.journal.name)}.{'[0-9a-f]' * _DIGITS}.frames"
        for path in self.journal.parent.glob(names):
            if path not in own:
                remove_ended(path)

    def journal_of(self, run: Run) -> Path | None:
        """Where the frames of a run are kept until all its pairs are finished."""
        if self.journal is None:
            return None
        return self.journal.with_name(f"{self.journal.name}.{run.fingerprint[:_DIGITS]}.frames")


def _is_mixed(pair: Pair) -> bool:
    return is_video(pair.reference_path) != is_video(pair.distorted_path)


def _by_names(pairs: Sequence[Pair], rows: Iterable[int]) -> dict[tuple[str, str], list[int]]:
    """Rows of the same pair, which is scored once."""
    found: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        found.setdefault((pairs[row].reference, pairs[row].distorted), []).append(row)
    return found


def _by_reference(pairs: Sequence[Pair], rows: Iterable[int]) -> Iterator[list[int]]:
    groups: dict[Path, list[int]] = {}
    for row in rows:
        groups.setdefault(pairs[row].reference_path, []).append(row)
    yield from groups.values()
