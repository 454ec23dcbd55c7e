"""A metric, files and pairs of them, for tests of the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.engine_runs import Counting, pair
from helpers.scoring_files import write_image
from msds.metric import MSDS
from msds.pairs import Pair
from msds.scoring import score


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact", levels=2, trunk_weights="random")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four references of two sizes, and three distorted images of each."""
    root = tmp_path_factory.mktemp("files")
    for k in range(4):
        size = [(48, 40), (64, 36)][k % 2]
        write_image(root / f"r{k}.png", k, size)
        for quality in (5, 40, 90):
            write_image(root / f"d{k}_{quality}.jpg", k, size, quality=quality)
    return root


@pytest.fixture(scope="module")
def pairs(files: Path) -> list[Pair]:
    """Every reference with its own images, with another's, with itself, and with a reference."""
    made = [
        pair(files, f"r{k}.png", f"d{j}_{quality}.jpg")
        for quality in (5, 40, 90)
        for k in range(4)
        for j in {k, (k + 1) % 4}
    ]
    made += [pair(files, f"r{k}.png", f"r{k}.png") for k in range(4)]
    return [*made, pair(files, "r0.png", "r2.png"), pair(files, "r2.png", "r0.png")]


@pytest.fixture(scope="module")
def alone(metric: MSDS, pairs: list[Pair]) -> list[float]:
    """Scores of the pairs, one at a time."""
    return [score(p.reference_path, p.distorted_path, model=metric).score for p in pairs]


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    metric = Counting("compact", levels=2, trunk_weights="random")
    monkeypatch.setattr("msds.encoding.encoder.encode_whole", metric.whole)
    return metric
