"""How far a run is: a bar with rate and time left on a terminal, and records as they come."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

import typer
from rich import progress as bars
from rich.console import Console
from rich.text import Text

from msds.cli import show
from msds.results import Score, json_line
from msds.scoring import Watcher

if TYPE_CHECKING:
    from typing_extensions import Self

    from msds.cli.score_many import Display


class Progress(Watcher):
    """Prints records where they are asked for, and a bar on standard error otherwise.

    Parameters
    ----------
    display : what is printed.
    keeps : whether an interrupted run can go on.
    """

    def __init__(self, display: Display, keeps: bool) -> None:
        self._as_json = display.as_json
        self._keeps = keeps
        self._total = self._done = 0
        self._bar: bars.Progress | None = None
        if not (display.as_json or display.quiet) and sys.stderr.isatty():
            self._bar = _bar()

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

    def begin(self, total: int, kept: int) -> None:
        self._total, self._done = total, kept
        if self._bar is not None:
            self._bar.add_task("scoring", total=total, completed=kept)

    def scored(self, row: int, score: Score) -> None:
        self._done += 1
        if self._as_json:
            typer.echo(json_line(score))
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[-1])


def _bar() -> bars.Progress:
    return bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=None),
        bars.MofNCompleteColumn(),
        _Rate(),
        bars.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )


class _Rate(bars.ProgressColumn):
    def render(self, task: bars.Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} pairs/s")
