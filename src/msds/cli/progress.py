"""How far a run is: a bar with rate and time left on a terminal, and records as they come."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

import typer
from rich import progress as bars
from rich.console import Console
from rich.text import Text

from msds.cli import show
from msds.pairs import Pair
from msds.results import Score, json_line
from msds.scoring import Job, Watcher
from msds.video import Clips, FrameWatcher

if TYPE_CHECKING:
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
        self._bar: bars.Progress | None = None
        self._pairs: bars.TaskID | None = None
        self._frames: bars.TaskID | None = None
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


def pairs_bar() -> bars.Progress:
    """A bar on standard error for pairs, with their rate and the time left."""
    return bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=None),
        bars.MofNCompleteColumn(),
        Rate("pairs/s"),
        Left(),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )


def rate(task: bars.Task) -> float | None:
    """What is done in a second, since the start.

    A mean over the last moments, which rich's own columns show, is wrong by far at first: pairs
    come in batches. What was finished by an earlier run (the field `kept`) is left out.
    """
    fresh = task.completed - task.fields.get("kept", 0)
    return fresh / task.elapsed if fresh > 0 and task.elapsed else None


class Rate(bars.ProgressColumn):
    """What is done in a second, of such units."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: bars.Task) -> Text:
        """The rate, once there is one."""
        speed = rate(task)
        if speed is None:
            return Text()
        unit = task.fields.get("unit", self._unit)
        return Text(f"{speed:.3g} {unit}" if speed < 100 else f"{speed:,.0f} {unit}")


class Left(bars.ProgressColumn):
    """How much longer it takes at this rate."""

    max_refresh: float = 0.5

    def render(self, task: bars.Task) -> Text:
        """Hours, minutes and seconds, once there is a rate."""
        speed = rate(task)
        if speed is None or task.total is None:
            return Text("-:--:--")
        return Text(str(timedelta(seconds=round((task.total - task.completed) / speed))))
