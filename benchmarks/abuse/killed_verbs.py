"""Other verbs killed at drawn moments: what they write next is what they would have written.

Each verb is run undisturbed once; then it is killed, up to three times, at a drawn line of the
package's code in a drawn step of it, and run again with the same cache until it ends. Its tables
must be the same, and no file may be left that an undisturbed run does not leave.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.killed_runs import End, Moment
from benchmarks.abuse.kills import OPTIONS, QUALITIES, REFERENCES, Runs, images_in
from msds.errors import require

TITLE = "Other verbs killed at drawn moments"
BAD = ("other tables", "something left behind", "does not end well")
CHAINS = 20
"""Of kills of each verb, at scale 1."""

FRAMES = 12
"""Of each clip."""

_TINY = ("--trunk-weights", "random", "--small", "fewer-levels", "--cache", "cache")


@dataclass(frozen=True)
class Verb:
    """A long command, and the files of its numbers.

    Attributes
    ----------
    arguments : the whole call.
    outs : what it writes; compared but for times.
    again : what is added when it goes on.
    clips : whether it is given clips, for which PyAV is needed.
    """

    arguments: tuple[str, ...]
    outs: tuple[str, ...]
    again: tuple[str, ...] = ()
    clips: bool = False


VERBS = {
    "bench": Verb(("bench", "rated.csv", *_TINY, "--resamples", "20", "--out", "o.md"), ("o.md",)),
    "fit": Verb(
        (
            *("fit", "rated.csv", "--trunk-weights", "random", "--cache", "cache"),
            *("--folds", "2", "--seeds", "1", "--splits", "2", "--resamples", "20"),
            *("--model-out", "o.json", "--out", "o.md"),
        ),
        ("o.json", "o.md"),
    ),
    "study": Verb(
        (
            *("study", "scales", "rated.csv", "--trunk-weights", "random", "--cache", "cache"),
            *("--levels", "2", "--filters", "average", "--folds", "2", "--seeds", "1"),
            *("--resamples", "20", "--out", "o.md"),
        ),
        ("o.md",),
    ),
    "sweep": Verb(
        (
            *("sweep", "refs", "--codec", "jpeg", "--quality", "20,80", *OPTIONS[:4]),
            *("--threads", "1", "--out", "o.csv"),
        ),
        ("o.csv",),
        ("--resume",),
    ),
    "video": Verb(
        (
            *("score", "--manifest", "clips.csv", *OPTIONS, "--out", "o.csv"),
            *("--frames", "f.csv"),
        ),
        ("o.csv", "f.csv"),
        ("--resume",),
        clips=True,
    ),
}


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Each verb, killed again and again, so many times."""
    for name, verb in VERBS.items():
        count = max(1, round(CHAINS * scale))
        yield Trial(name, partial(outcomes, verb, count, f"{seed} {name}"), BAD)


def outcomes(
    verb: Verb, count: int, seed: str, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """What comes of so many chains of kills.

    Parameters
    ----------
    environment : variables of the runs that are compared with an undisturbed one without them.
    """
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _rated(folder)
        if verb.clips:
            clips_in(folder)
        with _runs(folder, verb, {}) as run:
            whole = run(folder, None)
        if whole.status:
            yield "does not end well"
            return
        with _runs(folder, verb, environment or {}) as run:
            outs = [folder / name for name in verb.outs]
            whole_outs, left = [_said(path) for path in outs], _files(folder)
            for _ in range(count):
                for path in (*outs, *(folder / "cache").glob("*")):
                    path.unlink(missing_ok=True)
                moments = [_moment(rng, whole) for _ in range(rng.randint(1, 3))]
                killed = [run(folder, moment).killed for moment in moments]
                ended = run(folder, None)
                if ended.status:
                    yield "does not end well"
                elif [_said(path) for path in outs] != whole_outs:
                    yield "other tables"
                elif _files(folder) != left:
                    yield "something left behind"
                else:
                    yield f"same tables, killed {sum(killed)} times"


def _moment(rng: random.Random, whole: End) -> Moment:
    """A line in a step, the longer the likelier; half of them where steps begin and end."""
    (index,) = rng.choices(range(len(whole.steps)), [length for _, length in whole.steps])
    step, length = whole.steps[index]
    count = sum(name == step for name, _ in whole.steps[: index + 1])
    edge = rng.randrange(min(length, 30))
    return Moment(step, count, rng.choice([rng.randrange(length), edge, length - 1 - edge]))


def _said(path: Path) -> object:
    """What a file says, but for times and dates."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        return [{name: row[name] for name in row if "seconds" not in name} for row in table]
    text = path.read_text(encoding="utf-8")
    return {**json.loads(text), "made": None} if path.suffix == ".json" else text


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


def clips_in(folder: Path) -> None:
    """A clip, two of its frames with noise, and the table of these pairs, `clips.csv`."""
    generator = np.random.default_rng(0)
    frames = generator.integers(60, 190, (FRAMES, 9, 12, 3)).repeat(8, 1).repeat(8, 2)
    _write_clip(folder / "a.mkv", frames)
    lines = ["reference,distorted"]
    for strength in (4, 20):
        noise = generator.integers(-strength, strength + 1, frames.shape)
        _write_clip(folder / f"a{strength}.mkv", frames + noise)
        lines.append(f"a.mkv,a{strength}.mkv")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_clip(path: Path, frames: npt.NDArray[np.int64]) -> None:
    av = require("av", "video")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width = frames.shape[1:3]
        for values in frames.astype(np.uint8):
            picture = av.VideoFrame.from_ndarray(values, format="rgb24")
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode(None))


@contextmanager
def _runs(folder: Path, verb: Verb, environment: Mapping[str, str]) -> Iterator[Runs]:
    """How a run of this verb ends that is killed at a moment, or at none."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("killed_runs.py"))],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
            **environment,
        },
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        into, out_of = program.stdin, program.stdout

        def end(_: Path, moment: Moment | None) -> End:
            left = any(folder.glob("*.journal")) or any(folder.glob("*.frames"))
            arguments = [*verb.arguments, *(verb.again if left else ())]
            order = {"arguments": arguments, "moment": moment and asdict(moment)}
            print(json.dumps(order), file=into, flush=True)
            lines = iter(out_of.readline, "")
            answer = next((line for line in lines if line.startswith('{"killed"')), "{}")
            return End(**json.loads(answer))

        yield end
        into.close()
