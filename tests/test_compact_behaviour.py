"""What can be expected of the default metric on photographs, whatever its weights are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import msds
from msds import MSDS
from msds.trunks.base import multiply_accumulates
from msds.trunks.compact import COMPACT_LAYERS, COMPACT_WEIGHTS

pytest.importorskip("scipy")
data = pytest.importorskip("skimage.data")

from training import behaviour, distortions  # noqa: E402
from training.distortions.common import Array  # noqa: E402

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
FAMILIES = (
    "gaussian",
    "salt_and_pepper",
    "gaussian_blur",
    "disc_blur",
    "jpeg",
    "webp",
    "contrast_down",
    "quantise",
    "pixelate",
    "lost_blocks",
)


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact")


@pytest.fixture(scope="module")
def crops() -> list[Array]:
    """A 256 x 256 crop of each photograph, from its middle."""
    out = []
    for name in PHOTOGRAPHS:
        image = getattr(data, name)()[..., :3]
        top, left = ((size - 256) // 2 for size in image.shape[:2])
        out.append(image[top : top + 256, left : left + 256].astype(np.float32) / np.float32(255))
    return out


def score(metric: MSDS, reference: Array, *versions: Array) -> list[float]:
    with torch.inference_mode():
        one, many = (behaviour.to_tensor(images) for images in ([reference], versions))
        return [float(value) for value in metric(one, many)]


@pytest.fixture(scope="module")
def ladders(metric: MSDS, crops: list[Array]) -> behaviour.Sweep:
    def scorer(reference: torch.Tensor, versions: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return metric(reference, versions)[:, None]

    return behaviour.sweep(crops, {"compact": scorer}, FAMILIES)


def test_the_score_falls_as_a_distortion_grows(ladders: behaviour.Sweep) -> None:
    falling = behaviour.falling(ladders.scores["compact"][..., 0])
    assert falling.mean() >= 0.95, falling


def test_damage_that_shows_scores_below_rounding_noise(
    metric: MSDS, crops: list[Array], ladders: behaviour.Sweep
) -> None:
    for index, clean in enumerate(crops):
        (copy,) = score(metric, clean, behaviour.rounding_noise(clean, index))
        assert (ladders.scores["compact"][index, :, :, 0] < copy).all()


def test_a_shift_by_one_pixel_costs_less_than_a_visible_blur(metric: MSDS) -> None:
    for name in PHOTOGRAPHS:
        clean = getattr(data, name)()[..., :3].astype(np.float32) / np.float32(255)
        (moved,) = score(metric, *behaviour.shifted(clean))
        (blurred,) = score(metric, clean, behaviour.slight_blur(clean, 1.5))
        assert moved > blurred


def test_scores_do_not_saturate(ladders: behaviour.Sweep) -> None:
    scores = ladders.scores["compact"][..., 0]
    assert scores.min() > 0
    assert np.median(scores[..., 3] - scores[..., 4]) > 0.01
    assert np.median(1 - scores[..., 0]) > 0.001


def test_a_photograph_is_unlike_another_photograph(metric: MSDS, crops: list[Array]) -> None:
    strongest = distortions.apply("jpeg", crops[0], 0.5, np.random.default_rng(0))
    other, damaged = score(metric, crops[0], crops[1], strongest)
    assert other < damaged


def test_all_channels_are_used(metric: MSDS, crops: list[Array]) -> None:
    with torch.inference_mode():
        features = metric.trunk(behaviour.to_tensor(crops))
    assert (features.amax((0, 2, 3)) > 0).all(), "a channel that is always 0 wastes its blocks"


def test_the_trunk_is_small_and_cheap() -> None:
    assert COMPACT_WEIGHTS.stat().st_size <= 4_000_000
    assert multiply_accumulates(COMPACT_LAYERS, 384, 512) <= 1.2e9


GOLDEN: dict[str, tuple[float, ...]] = {
    "chelsea_blur2.webp": (0.632122, 0.80419, 0.887455, 0.91777),
    "chelsea_contrast80.webp": (0.976822, 0.976793, 0.942872, 0.87793),
    "chelsea_jpeg10.jpg": (0.32654, 0.818577, 0.809632, 0.878083),
    "chelsea_jpeg30.jpg": (0.87594, 0.96139, 0.981073, 0.990745),
    "chelsea_jpeg90.jpg": (0.990965, 0.998993, 0.999353, 0.998024),
    "chelsea_noise20.webp": (0.539844, 0.830381, 0.929473, 0.982377),
    "chelsea_rescale4.webp": (0.666054, 0.871999, 0.936644, 0.991075),
    "coffee_blur4.webp": (0.434639, 0.678613, 0.852638, 0.893922),
    "coffee_jpeg30.jpg": (0.888107, 0.971976, 0.992308, 0.99605),
    "rocket_rescale4.webp": (0.38136, 0.733698, 0.971222, 0.982276),
    "rocket_webp10.webp": (0.739047, 0.893573, 0.940461, 0.921487),
}
"""Scores of the example images on each level by the shipped weights, version 2. A change of the
weights changes them: raise `COMPACT_VERSION`, write it into the model card, then replace these."""


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_scores_of_the_example_images_stay_what_they_were(name: str, examples_dir: Path) -> None:
    distorted = examples_dir / "distorted" / name
    reference = next(examples_dir.glob(f"{name.split('_')[0]}.*"))
    result = msds.score(reference, distorted, model="msds-compact")
    assert result.levels == pytest.approx(GOLDEN[name], abs=2e-4)
