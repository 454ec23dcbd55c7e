"""A metric that an earlier version saved is the metric it was: see results/earlier/README.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import msds
from msds.metric import MSDS

HERE = Path(__file__).parent / "earlier"
IMAGES = HERE.parents[1] / "results" / "earlier"


def test_a_metric_saved_by_an_earlier_version_has_its_fingerprint_and_its_scores() -> None:
    expected = json.loads((HERE / "expected.json").read_text())
    metric = MSDS.from_pretrained(HERE / "saved")
    assert metric.fingerprint == expected["fingerprint"]
    assert metric.model_id == expected["model_id"]
    score = msds.score(IMAGES / "refs/a0.png", IMAGES / "dist/a0_q4.png", model=metric)
    assert score.score == pytest.approx(expected["score"], abs=1e-6)
    assert score.levels == pytest.approx(expected["levels"], abs=1e-6)
    by_folder = msds.load_model(HERE / "saved")
    assert by_folder.fingerprint == expected["fingerprint"]
