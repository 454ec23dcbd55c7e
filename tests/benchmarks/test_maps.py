"""How maps are judged: the area under the ROC by its definition; regions as they should be."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("flip_evaluator", reason="the maps of FLIP need flip-evaluator")

from benchmarks.maps import SHAPES, area_under_roc, region
from benchmarks.position import MOVED


def test_the_area_is_the_chance_of_being_higher_inside() -> None:
    rng = np.random.default_rng(0)
    mask, values = rng.random((6, 7)) < 0.3, rng.integers(0, 5, (6, 7))
    pairs = [(a > b) + (a == b) / 2 for a in values[mask] for b in values[~mask]]
    assert area_under_roc(mask, values) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("shape", SHAPES)
def test_regions_are_as_large_as_they_should_be(shape: str) -> None:
    for seed in range(20):
        mask = region(shape, 300, 400, np.random.default_rng(seed))
        assert 0.005 < mask.mean() < 0.13


@pytest.mark.parametrize("name", MOVED)
def test_moved_parts_are_the_pixels_of_the_photograph(name: str) -> None:
    image = np.random.default_rng(1).random((64, 96, 3)).astype(np.float32)
    moved = MOVED[name](image, np.random.default_rng(2))
    assert moved.shape == image.shape
    assert not np.array_equal(moved, image)
    if "JPEG" not in name:
        same = (np.sort(x.reshape(-1, 3), axis=0) for x in (moved, image))
        np.testing.assert_array_equal(*same)
