"""Bars on standard error, with the rate of the whole run and the time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich import progress
from rich.console import Console
from rich.text import Text


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar per contender with the time left, on standard error; nothing if it is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _name, _done, _count: None
        return
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        Left(),
    )
    console = Console(stderr=True)
    with progress.Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[tuple[str, int], progress.TaskID] = {}

        def advance(name: str, done: int, count: int) -> None:
            key = (name, count)
            if key not in tasks:
                tasks[key] = bars.add_task(name, total=count, kept=done)
            bars.update(tasks[key], completed=done)

        yield advance


def pairs_bar() -> progress.Progress:
    """A bar on standard error for pairs, with their rate and the time left."""
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=None),
        progress.MofNCompleteColumn(),
        Rate("pairs/s"),
        Left(),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )


def rate(task: progress.Task) -> float | None:
    """What is done in a second, since the start.

    A mean over the last moments, which rich's own columns show, is wrong by far at first: pairs
    come in batches. What was finished by an earlier run (the field `kept`) is left out.
    """
    fresh = task.completed - task.fields.get("kept", 0)
    return fresh / task.elapsed if fresh > 0 and task.elapsed else None


class Rate(progress.ProgressColumn):
    """What is done in a second, of such units."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: progress.Task) -> Text:
        """The rate, once there is one."""
        speed = rate(task)
        if speed is None:
            return Text()
        unit = task.fields.get("unit", self._unit)
        return Text(f"{speed:.3g} {unit}" if speed < 100 else f"{speed:,.0f} {unit}")


class Left(progress.ProgressColumn):
    """How much longer it takes at this rate."""

    max_refresh: float = 0.5

    def render(self, task: progress.Task) -> Text:
        """Hours, minutes and seconds, once there is a rate."""
        speed = rate(task)
        if speed is None or task.total is None:
            return Text("-:--:--")
        return Text(str(timedelta(seconds=round((task.total - task.completed) / speed))))
