"""Damaged lossless files: none may be taken for whole while its pixels are others.

Bytes are damaged where a checksum protects them, and files of all kinds are cut anywhere.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import torch

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.lossless import Sample, make_samples
from msds.errors import InputError

TITLE = "Damaged lossless files"
Harm: TypeAlias = Callable[[Sample, random.Random], bytes]
DAMAGED, CUT = 20_000, 10_000
"""Mutants in all, of each kind of damage, at scale 1."""


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Damage to protected bytes, and cuts."""
    samples = make_samples(seed)
    protected = {kind: one for kind, one in samples.items() if one.protected}
    share = round(DAMAGED * scale / len(protected))
    for kind, sample in protected.items():
        yield trial(f"{kind}, damaged", sample, damaged, share, seed)
    share = round(CUT * scale / len(samples))
    for kind, sample in samples.items():
        yield trial(f"{kind}, cut", sample, cut, share, seed)


def trial(what: str, sample: Sample, harm: Harm, count: int, seed: int) -> Trial:
    """A file that is harmed so many times in one way."""

    def outcomes() -> Iterator[str]:
        rng = random.Random(f"{seed} {what}")
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(count):
                yield outcome(sample, harm(sample, rng), Path(folder))

    return Trial(what, outcomes, bad=("another image",))


def outcome(sample: Sample, data: bytes, folder: Path) -> str:
    """``"refused"``, ``"same pixels"`` as the whole file, or ``"another image"``."""
    try:
        pixels = sample.read(data, folder)
    except InputError:
        return "refused"
    whole = sample.pixels
    same = whole is not None and torch.equal(pixels, whole)
    return "same pixels" if same else "another image"


def cut(sample: Sample, rng: random.Random) -> bytes:
    """The file without its end; every other time without a few bytes only."""
    data = sample.data
    most = len(data) if rng.random() < 0.5 else min(64, len(data))
    return data[: len(data) - rng.randrange(1, most)]


def damaged(sample: Sample, rng: random.Random) -> bytes:
    """The file with its protected bytes changed in one of seven ways."""
    start, end = rng.choices(sample.protected, [end - start for start, end in sample.protected])[0]
    data = sample.data
    at = rng.randrange(start, end)
    size = min(rng.choice((1, 2, 4, 16, 64)), end - at)
    run = data[at : at + size]
    other = rng.randrange(start, end - size + 1)
    way = rng.randrange(7)
    if way < 2:  # the most frequent damage
        changed = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 8))):
            changed[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
        return bytes(changed)
    if way == 2:
        return data[:at] + rng.randbytes(size) + data[at + size :]
    if way == 3:
        return data[:at] + bytes(size) + data[at + size :]
    if way == 4:
        return data[:at] + data[at + size :]
    if way == 5:
        return data[:at] + run + data[at:]
    return data[:other] + run + data[other + size :]
