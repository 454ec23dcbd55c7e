"""Bars: their rate is that of the whole run, from its first pair on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from msds.cli.bars import Left, Rate, progress_bar, rate


def started(clock: list[float], **more: int) -> Progress:
    bars = Progress(get_time=lambda: clock[0], console=Console(file=io.StringIO()))
    bars.add_task("scoring", total=100, completed=more.get("kept", 0), **more)  # type: ignore[arg-type]
    return bars


def test_pairs_that_come_together_after_a_while_give_the_rate_of_the_whole_time() -> None:
    clock = [10.0]
    bars = started(clock)
    task = bars.tasks[0]
    assert rate(task) is None
    assert Rate("pairs/s").render(task).plain == ""
    clock[0] = 14.0
    for _ in range(8):  # a batch: they are finished within a moment of one another
        clock[0] += 0.001
        bars.advance(task.id)
    assert rate(task) == pytest.approx(8 / 4.008)
    assert Rate("pairs/s").render(task).plain == "2 pairs/s"
    assert Left().render(task).plain == "0:00:46"


def test_where_there_is_no_terminal_progress_is_told_to_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar() as tell:
        tell("PSNR", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_pairs_of_an_earlier_run_do_not_count() -> None:
    clock = [0.0]
    bars = started(clock, kept=50)
    clock[0] = 5.0
    bars.advance(bars.tasks[0].id)
    assert rate(bars.tasks[0]) == pytest.approx(0.2)
    assert Left().render(bars.tasks[0]).plain == "0:04:05"
