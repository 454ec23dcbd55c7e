"""Runs `msds` again and again and kills it, by a signal that no program can catch.

Each line of standard input is a run: its arguments, and the moment at which it is killed, if it is.
A moment is a number of lines of the package's code after the beginning of a step of the run. So a
run has a clock of its own, which goes as fast as the run itself and needs no luck to hit it, on any
machine. Each line of standard output is an `End`.

The package is imported once and each run is a fork, so that many fit into a few seconds; nothing is
computed before the fork.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import msds.cli.score_many
import msds.encoding.encoder
import msds.images
import msds.models
import msds.scoring
from msds.cli.main import main
from msds.files import unfinished
from msds.results import Journal, write_results
from msds.results.clips import FrameJournal

PACKAGE = str(Path(msds.__file__).parent)
STEPS = {
    ("call", main.__code__): "start",
    ("call", Journal.add.__code__): "add",
    ("return", Journal.add.__code__): "added",
    ("call", FrameJournal.add_frame.__code__): "frame",
    ("return", FrameJournal.add_frame.__code__): "framed",
    ("call", write_results.__code__): "write",
    ("call", unfinished.__wrapped__.__code__): "file",  # entered, and left
    ("call", Journal.remove.__code__): "remove",
}
"""What begins the steps of a run: functions of the package that are called, or return."""


@dataclass(frozen=True)
class Moment:
    """`lines` after `step` begins for the `count`-th time, at the latest where the next begins."""

    step: str
    count: int
    lines: int


@dataclass(frozen=True)
class End:
    """Whether a run was killed; if not, its exit status, and its steps with their lengths."""

    killed: bool
    status: int = 0
    steps: tuple[tuple[str, int], ...] = ()


class Clock:
    """Counts the lines of the package that the main thread comes to, and kills the process."""

    def __init__(self, moment: Moment | None) -> None:
        self.moment = moment
        self.left = -1  # lines until the end, if they are counted down
        self.steps: list[tuple[str, int]] = []

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Clock | None:
        """What `sys.settrace` wants."""
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self.line()
        elif (step := STEPS.get((event, frame.f_code))) is not None:
            self.begin(step)
        return self

    def begin(self, step: str) -> None:
        """A step begins: if the run was to be killed in the one before, it is now."""
        if self.left >= 0:
            kill()
        self.steps.append((step, 0))
        count = sum(name == step for name, _ in self.steps)
        if self.moment is not None and (step, count) == (self.moment.step, self.moment.count):
            self.left = self.moment.lines

    def line(self) -> None:
        """A line is about to be executed."""
        if self.left == 0:
            kill()
        self.left -= 1
        step, lines = self.steps[-1]
        self.steps[-1] = (step, lines + 1)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(arguments: list[str], moment: Moment | None) -> End:
    """One run in a process of its own, killed at this moment."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        status, steps = traced(arguments, moment)
        os.write(writing, json.dumps(steps).encode())
        os._exit(status)
    os.close(writing)
    with open(reading, "rb") as file:
        steps = file.read()
    _, waited = os.waitpid(child, 0)
    status = os.waitstatus_to_exitcode(waited)
    if status == -signal.SIGKILL:
        return End(killed=True)
    return End(False, status, tuple((step, lines) for step, lines in json.loads(steps)))


def traced(arguments: list[str], moment: Moment | None) -> tuple[int, list[tuple[str, int]]]:
    """Exit status and steps of `msds` in this process, if it lives."""
    clock = Clock(moment)
    sys.argv = ["msds", *arguments]
    status = 0
    sys.settrace(clock)
    try:
        main()
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.settrace(None)
    clock.begin("end")
    return status, clock.steps[:-1]


if __name__ == "__main__":
    # Which images are encoded together depends on how fast they are read, and last digits on that.
    msds.encoding.encoder.MOST_IMAGES = 1
    for asked in sys.stdin:
        order = json.loads(asked)
        when = None if order["moment"] is None else Moment(**order["moment"])
        print(json.dumps(asdict(run(order["arguments"], when))), flush=True)
