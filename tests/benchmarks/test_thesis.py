"""The paper's thesis on real opinion scores: several scales agree better with people than one."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.googlenet import googlenet_trunk
from benchmarks.thesis import correlations, level_scores
from msds import MSDS


@pytest.fixture(scope="module")
def googlenet(shared_dir: Path) -> MSDS:
    file = shared_dir / "weights" / "googlenet_bvlc_to_4e.safetensors"
    if not file.is_file():
        pytest.skip(f"no trained network {file.name}")
    return MSDS(googlenet_trunk(file, "4b"))


@pytest.mark.slow
def test_four_levels_beat_one_by_a_tenth_on_tid2013(googlenet: MSDS, shared_dir: Path) -> None:
    found = correlations(*level_scores(googlenet, shared_dir / "data" / "tid2013-part"))
    assert found["mean"] - found["level 1"] >= 0.10
    assert found["mean"] == pytest.approx(0.939, abs=2e-3)


@pytest.mark.slow
def test_four_levels_are_above_095_on_live(googlenet: MSDS, shared_dir: Path) -> None:
    found = correlations(*level_scores(googlenet, shared_dir / "data" / "live-part"))
    assert found["mean"] > 0.95
    assert found["mean"] == pytest.approx(0.966, abs=2e-3)
