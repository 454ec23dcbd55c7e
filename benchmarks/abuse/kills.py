"""Runs that are killed at drawn moments: no pair is lost, none is scored twice."""

from __future__ import annotations

import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image as PILImage

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.killed_runs import End, Moment
from msds.errors import require

TITLE = "Runs killed at drawn moments of their progress"
CHAINS = {".csv": 3, ".jsonl": 2, ".parquet": 2}
"""How many runs are killed again and again until they are complete, by the format of results."""

REFERENCES, QUALITIES = 10, (5, 10, 20, 40, 60, 80)
PAIRS = REFERENCES * len(QUALITIES)
OPTIONS = ("--trunk-weights", "random", "--levels", "2", "--threads", "2")
RUN = ("score", "refs", "dist", "--pattern", "{stem}_q{quality}.jpg", *OPTIONS)
Runs: TypeAlias = Callable[[Path, Moment | None], End]


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Chains of kills, by the format of the results."""
    for suffix, count in CHAINS.items():
        chains = partial(_chains, suffix, math.ceil(count * scale), seed)
        yield Trial(f"results in {suffix[1:]}", chains, BAD)


BAD = ("not killed", "pairs lost or doubled", "results not whole", "something left behind")


def _chains(suffix: str, count: int, seed: int) -> Iterator[str]:
    for number in range(count):
        yield from chain(suffix, 5, f"{seed} {number}")


def chain(suffix: str, times: int, seed: str) -> Iterator[str]:
    """What came of each kill of a run that is killed and resumed, and at last left alone.

    Parameters
    ----------
    times : that it is killed in each of its steps; five leave pairs for the last of them.
    """
    generator = random.Random(f"{suffix} {seed}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images_in(folder)
        watch = _Watch(folder / f"o{suffix}", folder / f"whole{suffix}")
        with _killed_runs(folder) as run:
            undisturbed = run(watch.whole, None)
            for step in (*["start", "add", "added"] * times, *["write", "file"] * times, "remove"):
                moment = draw(generator, undisturbed.steps, step)
                killed = run(watch.out, moment).killed
                yield watch.outcome(moment) if killed else "not killed"
            run(watch.out, None)
            yield watch.end()


@dataclass
class _Watch:
    """The results of a run that is killed, and those of one that was not."""

    out: Path
    whole: Path

    def __post_init__(self) -> None:
        self.before: list[str] = []

    def outcome(self, moment: Moment) -> str:
        if self.out.exists() and not same_results(self.out, self.whole):
            return "results not whole"
        journal = self.out.with_name(f"{self.out.name}.journal")
        if not journal.exists():
            return "nothing lost"
        now = names_in(journal)
        possible = {
            "start": {0},
            "add": {moment.count - 1, moment.count},
            "added": {moment.count},
        }.get(moment.step, {PAIRS - len(self.before)})
        kept = now[: len(self.before)] == self.before and len(now) - len(self.before) in possible
        self.before = now
        return "nothing lost" if kept else "pairs lost or doubled"

    def end(self) -> str:
        if not self.out.exists() or not same_results(self.out, self.whole):
            return "results not whole"
        names = [str(row["distorted"]) for row in results_of(self.out)]
        if not sorted(self.before) == names == sorted(set(names)) or len(names) != PAIRS:
            return "pairs lost or doubled"
        left = {path.name for path in self.out.parent.iterdir()}
        known = {"refs", "dist", self.out.name, self.whole.name}
        return "nothing lost" if left == known else "something left behind"


def draw(generator: random.Random, steps: Sequence[tuple[str, int]], step: str) -> Moment:
    """A moment of this step, or of one of the next five if there are so many."""
    lengths = [length for name, length in steps if name == step]
    (length,) = generator.choices(lengths, lengths)
    # Files change where steps begin and end, which is a small part of all.
    edge = generator.randrange(min(length, 20))
    lines = generator.choice([edge, generator.randrange(length), length - 1 - edge])
    return Moment(step, generator.randint(1, min(len(lengths), 5)), lines)


def names_in(journal: Path) -> list[str]:
    """Distorted images whose records are in a journal, in the order in which they came there."""
    lines = journal.read_bytes().split(b"\n")[:-1]
    return [json.loads(line)["distorted"] for line in lines[1:]]


def results_of(path: Path) -> list[dict[str, Any]]:
    """What results say of each pair, whatever their format."""
    if path.suffix == ".parquet":
        rows = require("pyarrow.parquet", "parquet").read_table(path).to_pylist()
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        {key: row[key] for key in ("reference", "distorted", "quality", "score")} for row in rows
    ]


def same_results(one: Path, other: Path) -> bool:
    """Whether the same pairs have the same scores, to the last digit."""
    return results_of(one) == results_of(other)


@contextmanager
def _killed_runs(folder: Path) -> Iterator[Runs]:
    """How a run of `RUN` with these results ends that is killed at a moment, or at none."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("killed_runs.py"))],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        into, out_of = program.stdin, program.stdout

        def end(out: Path, moment: Moment | None) -> End:
            order = {
                "arguments": [*RUN, "--out", out.name, "--resume"],
                "moment": None if moment is None else asdict(moment),
            }
            print(json.dumps(order), file=into, flush=True)
            return End(**json.loads(out_of.readline()))

        yield end
        into.close()


def images_in(folder: Path, least: tuple[int, int] = (40, 36)) -> None:
    """References, and distorted images of several qualities: smooth noise, small."""
    for kind in ("refs", "dist"):
        (folder / kind).mkdir()
    for k in range(REFERENCES):
        noise = np.random.default_rng(k).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        size = (least[0] + 4 * (k % 2), least[1])
        picture = PILImage.fromarray(noise).resize(size, PILImage.Resampling.BICUBIC)
        picture.save(folder / "refs" / f"a{k}.png")
        for quality in QUALITIES:
            picture.save(folder / "dist" / f"a{k}_q{quality}.jpg", quality=quality)
