"""The distortions that the compact trunk is trained and examined on."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

pytest.importorskip("scipy")
data = pytest.importorskip("skimage.data")

from training import distortions  # noqa: E402
from training.distortions.common import Array  # noqa: E402

CODEC_THERE = importlib.util.find_spec("imagecodecs") is not None
FAMILIES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name == "jpeg_xl" and not CODEC_THERE, reason="imagecodecs is not installed"
        ),
    )
    for name in distortions.FAMILIES
]


@pytest.fixture(scope="module")
def photo() -> Array:
    """A textured crop of a photograph."""
    return data.chelsea()[60:188, 100:228].astype(np.float32) / np.float32(255)


def psnr(a: Array, b: Array) -> float:
    return float(-10 * np.log10(np.mean((a - b) ** 2)))


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_damages_more_at_level_5_than_at_level_1(name: str, photo: Array) -> None:
    weak, strong = (
        distortions.apply(name, photo, distortions.strength_of(level), np.random.default_rng(3))
        for level in (1, 5)
    )
    assert weak.shape == strong.shape == photo.shape
    assert strong.min() >= 0
    assert strong.max() <= 1
    assert psnr(photo, strong) < psnr(photo, weak) < 60


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_seed_gives_the_same_pixels(name: str, photo: Array) -> None:
    first, second = (
        distortions.apply(name, photo, 0.5, np.random.default_rng(8)) for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_results_are_8_bit_values(photo: Array) -> None:
    out = distortions.apply("gaussian", photo, 0.5, np.random.default_rng(0)) * 255
    assert np.allclose(out, np.round(out), atol=1e-4)


def test_families_of_the_unseen_test_are_not_trained_on() -> None:
    assert set(distortions.HELD_OUT).isdisjoint(distortions.TRAINING)
    assert len(distortions.TRAINING) >= 30
    assert len(distortions.HELD_OUT) >= 8
