"""Weights whose bits are flipped: no other model answers under the same name."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

import torch

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.damage import damaged
from benchmarks.abuse.lossless import Sample
from msds.errors import MSDSError
from msds.metric import MSDS
from msds.models import load_model
from msds.scoring import Reading
from msds.scoring.cache import DiskCache, Encoded
from msds.trunks.compact import COMPACT_VERSION, VERSIONS

TITLE = "Weights, saved models and stored encodings, damaged"
SHIPPED, SAVED, STORED = 1_000, 2_000, 2_000
BAD = ("taken for the whole one", "raised")


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """A file each that is damaged so often."""
    for what, count, outcomes in (
        ("the shipped weights, one bit flipped", SHIPPED, _shipped),
        ("a saved model's weights", SAVED, partial(_saved, "model.safetensors")),
        ("a saved model's settings", SAVED, partial(_saved, "config.json")),
        ("an encoding kept on disk", STORED, _stored),
    ):
        rng = random.Random(f"{seed} {what}")
        yield Trial(what, partial(outcomes, round(count * scale), rng), BAD)


def _shipped(count: int, rng: random.Random) -> Iterator[str]:
    whole = load_model("msds-compact")
    shipped = VERSIONS[COMPACT_VERSION]
    data = shipped.weights.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / shipped.weights.name
        damaged = {COMPACT_VERSION: replace(shipped, weights=path)}
        with mock.patch.dict(VERSIONS, damaged):
            for _ in range(count):
                changed = bytearray(data)
                changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
                path.write_bytes(changed)
                yield _loaded(lambda: load_model("msds-compact"), whole)


def _saved(file: str, count: int, rng: random.Random) -> Iterator[str]:
    whole = MSDS("compact", levels=2, trunk_weights="random")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "saved"
        whole.save_pretrained(folder)
        data = (folder / file).read_bytes()
        sample = Sample(data, ((0, len(data)),))
        for _ in range(count):
            (folder / file).write_bytes(damaged(sample, rng))
            yield _loaded(lambda: MSDS.from_pretrained(folder), whole)
        shutil.rmtree(folder)


def _loaded(load: Callable[[], MSDS], whole: MSDS) -> str:
    """A model is refused, the same, or known by its fingerprint as another."""
    try:
        found = load()
    except MSDSError:
        return "refused"
    except Exception:  # what is looked for
        return "raised"
    if found.fingerprint != whole.fingerprint:
        return "another fingerprint"
    before, after = whole.state_dict(), found.state_dict()
    same = before.keys() == after.keys() and all(
        torch.equal(before[key], after[key]) for key in before
    )
    return "same" if same else "taken for the whole one"


def _stored(count: int, rng: random.Random) -> Iterator[str]:
    metric = MSDS("compact", levels=1, trunk_weights="random")
    image = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    whole = Encoded(metric.encode(image), ("a note",))
    with tempfile.TemporaryDirectory() as folder:
        cache = DiskCache(Path(folder) / "cache", metric, Reading().settings)
        cache.keep("a" * 64, whole)
        (path,) = cache.folder.iterdir()
        data = path.read_bytes()
        sample = Sample(data, ((0, len(data)),))
        for _ in range(count):
            path.write_bytes(damaged(sample, rng))
            yield _found(cache, whole)


def _found(cache: DiskCache, whole: Encoded) -> str:
    try:
        found = cache.find("a" * 64)
    except Exception:  # what is looked for
        return "raised"
    if found is None:
        return "refused"
    same = found.notes == whole.notes and all(
        torch.equal(one, other)
        for one, other in zip(found.encoding.grams, whole.encoding.grams, strict=True)
    )
    return "same" if same else "taken for the whole one"
