"""Journals whose bits are flipped: no record is another, and what is lost is scored again."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.damage import cut, damaged
from benchmarks.abuse.lossless import Sample
from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.results import Journal, Run, Score

TITLE = "Journals of interrupted runs, damaged"
FLIPS, OTHERS = 15_000, 5_000
PAIRS = 24
RUN = Run("msds-test", "f" * 64, {"levels": 2, "weights": [0.25, 0.75], "background": "white"})
PLAN = Plan(
    tuple(
        Pair(f"r{k}.png", f"d{k}.png", Path(f"r{k}.png"), Path(f"d{k}.png")) for k in range(PAIRS)
    )
)


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Single bits, then all other damage."""
    bad = ("another score", "a record twice", "raised")
    for what, count, harm in (
        ("one bit flipped", FLIPS, _flipped),
        ("other damage", OTHERS, damaged),
        ("cut", OTHERS, cut),
    ):
        rng = random.Random(f"{seed} {what}")
        yield Trial(what, partial(_outcomes, round(count * scale), harm, rng), bad)


def _flipped(sample: Sample, rng: random.Random) -> bytes:
    changed = bytearray(sample.data)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _outcomes(
    count: int, harm: Callable[[Sample, random.Random], bytes], rng: random.Random
) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        data = sample_journal()
        sample = Sample(data, ((0, len(data)),))
        for _ in range(count):
            path.write_bytes(harm(sample, rng))
            yield _outcome(path, SCORES)


def sample_journal() -> bytes:
    """The content of a journal that holds `SCORES`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        with Journal(path, PLAN, RUN) as journal:
            for row, score in SCORES.items():
                journal.add(row, score)
        return path.read_bytes()


def _outcome(path: Path, whole: dict[int, Score]) -> str:
    try:
        with Journal(path, PLAN, RUN) as journal:
            found = list(journal.scores())
    except InputError:
        return "refused"
    except Exception:  # what is looked for
        return "raised"
    if len(found) > len(dict(found)):
        return "a record twice"
    if not dict(found).items() <= whole.items():
        return "another score"
    return "all kept" if dict(found) == whole else "scored again"


def _score(row: int) -> Score:
    name = f"r{row}.png", f"d{row}.png"
    if row % 4 == 0:
        return Score(*name, error=f"d{row}.png: broken", run=RUN)
    return Score(
        *name,
        score=0.1 + row / 30,
        levels=(row / 70, 0.5),
        notes=("reference: grey, expanded", "é"),
        reference_size=(40, 30),
        distorted_size=(50, 60),
        reference_sha256="a" * 64,
        distorted_sha256="b" * 64,
        seconds=0.125,
        run=RUN,
    )


SCORES = {row: _score(row) for row in range(0, PAIRS, 2)}
"""Records of every second pair."""
