"""How far a run is: a bar with rate and time left on a terminal, and records as they come."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import typer

from msds.cli import show
from msds.cli.bars import pairs_bar
from msds.pairs import Pair
from msds.results import Score, json_line
from msds.scoring import Job, Watcher
from msds.video import Clips, FrameWatcher

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID
    from typing_extensions import Self

    from msds.cli.score_many import Display


class Progress(Watcher, FrameWatcher):
    """Prints records where they are asked for, and a bar on standard error otherwise.

    Parameters
    ----------
    display : what is printed.
    keeps : whether an interrupted run can go on.
    alone : whether it is of one pair, which is shown by its caller.
    """

    def __init__(self, display: Display, keeps: bool, alone: bool = False) -> None:
        self._as_json = display.as_json and not alone
        self._alone = alone
        self._keeps = keeps
        self._total = self._done = 0
        self._bar: Bars | None = None
        self._pairs: TaskID | None = None
        self._frames: TaskID | None = None
        if not (display.as_json or display.quiet) and sys.stderr.isatty():
            self._bar = pairs_bar()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if isinstance(error, KeyboardInterrupt) and self._keeps and self._total:
            show.say(f"{self._done} of {self._total} pairs are kept; go on with --resume")

    def hearing(self, job: Job) -> Job:
        """The job, of whose frames this hears if it is one of clips."""
        if isinstance(job.scorer, Clips):
            job.scorer.watcher = self
        return job

    def begin(self, total: int, kept: int) -> None:
        self._total, self._done = total, kept
        if self._bar is not None and not self._alone:
            self._pairs = self._bar.add_task("scoring", total=total, completed=kept, kept=kept)

    def begin_clips(self, pairs: Sequence[Pair], total: int | None, kept: int) -> None:
        if self._bar is not None:
            if self._frames is not None:
                self._bar.remove_task(self._frames)
            whole = None if total is None else total * len(pairs)
            kept *= len(pairs)
            self._frames = self._bar.add_task(
                "frames", total=whole, completed=kept, kept=kept, unit="frames/s"
            )

    def scored_frame(self, pair: Pair, score: Score) -> None:
        if self._bar is not None and self._frames is not None:
            self._bar.advance(self._frames)

    def scored(self, row: int, score: Score) -> None:
        self._done += 1
        if self._as_json:
            typer.echo(json_line(score))
        if self._bar is not None and self._pairs is not None:
            self._bar.advance(self._pairs)
