"""`msds score --engine --precision`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from msds.cli.main import app


@pytest.fixture
def images(tmp_path: Path) -> list[str]:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (129, 150, 3), dtype=np.uint8)
    paths = [tmp_path / "reference.png", tmp_path / "distorted.png"]
    for path, values in zip(paths, (pixels, pixels // 2), strict=True):
        Image.fromarray(values).save(path)
    return [str(path) for path in paths]


def record(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["score", *arguments, "--trunk-weights", "random", "--json"])
    assert result.exit_code == 0, result.output
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def test_the_record_names_the_engine_and_the_score_is_the_same(images: list[str]) -> None:
    reference = record(*images)
    found = record(*images, "--engine", "winograd")
    assert found["score"] == pytest.approx(reference["score"], abs=1e-4)
    assert found["fingerprint"] == reference["fingerprint"]
    assert any(note.startswith("features by winograd float32") for note in found["notes"])


def test_the_record_of_a_lower_precision_is_of_another_model(images: list[str]) -> None:
    reference = record(*images)
    found = record(*images, "--precision", "bfloat16")
    assert found["model"] == reference["model"] + "+bfloat16"
    assert found["fingerprint"] != reference["fingerprint"]
    assert found["score"] == pytest.approx(reference["score"], abs=0.02)


def test_an_unknown_engine_is_a_wrong_call(images: list[str]) -> None:
    result = CliRunner().invoke(
        app, ["score", *images, "--trunk-weights", "random", "--engine", "warp"]
    )
    assert result.exit_code != 0
    assert "Unknown engine 'warp'" in str(result.exception) + result.output
