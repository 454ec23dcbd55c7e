"""Anybody's metric in the same tables."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from msds.errors import InputError
from msds.images import Image
from msds.pairs import Pair
from msds.scoring.custom import CustomContender

SOURCE = """
import torch

def error(reference, distorted):
    return (reference - distorted).square().mean((1, 2, 3))

def broken(reference, distorted):
    raise RuntimeError("no such layer")

class Closeness(torch.nn.Module):
    def forward(self, reference, distorted):
        return 1 - error(reference, distorted)

def two(reference, distorted):
    return torch.zeros(2)

constant = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "my_metric.py"
    path.write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "my_metric", raising=False)
    return path


def image(value: float) -> Image:
    return Image(torch.full((3, 16, 16), value), (), "made up")


def test_lower_is_turned_round(module: Path) -> None:
    lower = CustomContender("my_metric:error,lower")
    higher = CustomContender("my_metric:Closeness(),higher")
    for contender, expected in ((lower, -0.25), (higher, 0.75)):
        a, b = (contender.prepare(image(v)) for v in (0.0, 0.5))
        assert contender.compare(a, b) == pytest.approx((expected,))


def test_a_changed_metric_is_another_one(module: Path) -> None:
    before = CustomContender("my_metric:error,lower").key
    assert CustomContender("my_metric:error,lower").key == before
    module.write_text(SOURCE + "\n# changed\n")
    assert CustomContender("my_metric:error,lower").key != before


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("my_metric", "names no metric: expected package.module:callable,higher"),
        ("my_metric:error", "say which values are better"),
        ("my_metric:error,up", "say which values are better"),
        ("my_metric:missing,lower", "cannot be used as a metric .AttributeError"),
        ("no_such_module:f,lower", "cannot be used as a metric .ModuleNotFoundError"),
        ("my_metric:Closeness,higher", r"is a class: write \(\) behind it"),
        ("my_metric:constant,higher", "is no callable"),
    ],
)
def test_what_is_no_metric_is_said(module: Path, spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        CustomContender(spec)


@pytest.mark.parametrize(
    ("name", "message"), [("broken", "no such layer"), ("two", "2 numbers for one pair")]
)
def test_a_metric_that_fails_costs_its_rows(
    module: Path, examples_dir: Path, name: str, message: str
) -> None:
    contender = CustomContender(f"my_metric:{name},higher")
    path = examples_dir / "chelsea.png"
    pair = Pair("a", "b", path, path)
    [(row, score)] = contender.scores([pair], [0])
    assert row == 0
    assert score.score is None
    assert message in str(score.error)
