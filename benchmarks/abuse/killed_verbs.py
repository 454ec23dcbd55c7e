"""Other verbs killed at drawn moments: what they write next is what they would have written.

Each verb is run undisturbed once; then it is killed, several times, at a drawn line of the
package's code in a drawn step of it, and run again with the same cache until it ends. Its tables
must be the same, and no file may be left that an undisturbed run does not leave.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.killed_runs import End, Moment
from benchmarks.abuse.kills import OPTIONS, QUALITIES, REFERENCES, Runs, images_in

TITLE = "Other verbs killed at drawn moments"
BAD = ("other tables", "something left behind", "does not end well")
KILLS = 20
"""Of each verb, at scale 1."""

_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_TINY = ("--trunk-weights", "random", "--small", "fewer-levels", "--cache", "cache")


@dataclass(frozen=True)
class Verb:
    """A long command, and the file of its numbers.

    Attributes
    ----------
    arguments : the whole call.
    again : what is added when it goes on.
    out : what it writes; compared but for times.
    """

    arguments: tuple[str, ...]
    out: str
    again: tuple[str, ...] = ()


VERBS = {
    "bench": Verb(("bench", "rated.csv", *_TINY, "--resamples", "20", "--out", "o.csv"), "o.csv"),
    "fit": Verb(
        (
            *("fit", "rated.csv", "--trunk-weights", "random", "--cache", "cache"),
            *("--folds", "2", "--seeds", "1", "--resamples", "20", "--model-out", "o.json"),
        ),
        "o.json",
    ),
    "sweep": Verb(
        (
            *("sweep", "refs", "--codec", "jpeg", "--quality", "20,80", *OPTIONS[:4]),
            *("--threads", "1", "--out", "o.csv"),
        ),
        "o.csv",
        ("--resume",),
    ),
}


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Each verb, killed so many times."""
    for name, verb in VERBS.items():
        count = max(1, round(KILLS * scale))
        yield Trial(name, partial(_outcomes, verb, count, f"{seed} {name}"), BAD)


def _outcomes(verb: Verb, count: int, seed: str) -> Iterator[str]:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _rated(folder)
        with _runs(folder, verb) as run:
            whole = run(folder, None)
            if whole.status:
                yield "does not end well"
                return
            numbers, left = _numbers(folder / verb.out), _files(folder)
            for _ in range(count):
                for path in (folder / verb.out, *(folder / "cache").glob("*")):
                    path.unlink(missing_ok=True)
                killed = run(folder, _moment(rng, whole)).killed
                ended = run(folder, None)
                if ended.status:
                    yield "does not end well"
                elif not _same(_numbers(folder / verb.out), numbers):
                    yield "other tables"
                elif _files(folder) != left:
                    yield "something left behind"
                else:
                    yield "same tables" if killed else "ended before"


def _moment(rng: random.Random, whole: End) -> Moment:
    """A line in a step, the longer the likelier; half of them where steps begin and end."""
    (index,) = rng.choices(range(len(whole.steps)), [length for _, length in whole.steps])
    step, length = whole.steps[index]
    count = sum(name == step for name, _ in whole.steps[: index + 1])
    edge = rng.randrange(min(length, 30))
    return Moment(step, count, rng.choice([rng.randrange(length), edge, length - 1 - edge]))


def _numbers(path: Path) -> tuple[str, list[float]]:
    """What a file says, but for times and dates, with "#" for numbers, and these."""
    if path.suffix == ".json":
        record = json.loads(path.read_text(encoding="utf-8"))
        record.pop("made", None)
        text = json.dumps(record, sort_keys=True)
    else:
        with path.open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        text = json.dumps([{k: v for k, v in row.items() if "seconds" not in k} for row in table])
    return _NUMBER.sub("#", text), [float(one) for one in _NUMBER.findall(text)]


def _same(one: tuple[str, list[float]], other: tuple[str, list[float]]) -> bool:
    """Whether both say the same; scores of other batches differ in their last digits."""
    return one[0] == other[0] and np.allclose(one[1], other[1], rtol=1e-3, atol=1e-4)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def _rated(folder: Path) -> None:
    """The images of `kills`, rated by the quality that they were stored with."""
    images_in(folder, (128, 128))
    lines = ["reference,distorted,mos"]
    for k in range(REFERENCES):
        names = [f"refs/a{k}.png,dist/a{k}_q{q}.jpg,{q + k / 10}" for q in QUALITIES]
        lines += names
    (folder / "rated.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "cache").mkdir()


@contextmanager
def _runs(folder: Path, verb: Verb) -> Iterator[Runs]:
    """How a run of this verb ends that is killed at a moment, or at none."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("killed_runs.py"))],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        into, out_of = program.stdin, program.stdout
        begun = False

        def end(_: Path, moment: Moment | None) -> End:
            nonlocal begun
            arguments = [*verb.arguments, *(verb.again if begun else ())]
            begun = True
            order = {"arguments": arguments, "moment": moment and asdict(moment)}
            print(json.dumps(order), file=into, flush=True)
            lines = iter(out_of.readline, "")
            answer = next((line for line in lines if line.startswith('{"killed"')), "{}")
            return End(**json.loads(answer))

        yield end
        into.close()
