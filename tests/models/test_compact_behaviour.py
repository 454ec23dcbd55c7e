"""What can be expected of the compact metric on photographs, whatever its weights are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import msds
from msds import MSDS
from msds.trunks.compact import VERSIONS

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


@pytest.fixture(scope="module", params=[f"compact-v{version}" for version in VERSIONS])
def metric(request: pytest.FixtureRequest) -> MSDS:
    return MSDS(request.param)


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


SILENT = {"compact-v3": 0, "compact-v4": 1}
"""How many channels are always 0, as the model card says; their parts of the blocks are wasted."""


def test_all_channels_are_used_but_those_that_the_card_names(
    metric: MSDS, crops: list[Array]
) -> None:
    with torch.inference_mode():
        features = metric.trunk(behaviour.to_tensor(crops))
    assert int((features.amax((0, 2, 3)) == 0).sum()) == SILENT[metric.trunk.name]


GOLDEN: dict[int, dict[str, tuple[float, ...]]] = {
    3: {
        "chelsea_blur2.webp": (0.697762, 0.834229, 0.877589, 0.959542),
        "chelsea_contrast80.webp": (0.980258, 0.976815, 0.946029, 0.924408),
        "chelsea_jpeg10.jpg": (0.287843, 0.82676, 0.858004, 0.918663),
        "chelsea_jpeg30.jpg": (0.829673, 0.958769, 0.973524, 0.988731),
        "chelsea_jpeg90.jpg": (0.987683, 0.99824, 0.998966, 0.999579),
        "chelsea_noise20.webp": (0.564768, 0.79635, 0.940514, 0.987397),
        "chelsea_rescale4.webp": (0.727015, 0.884014, 0.917869, 0.992962),
        "coffee_blur4.webp": (0.47723, 0.675408, 0.830101, 0.92527),
        "coffee_jpeg30.jpg": (0.848454, 0.96619, 0.983622, 0.980549),
        "rocket_rescale4.webp": (0.434707, 0.730712, 0.964609, 0.980712),
        "rocket_webp10.webp": (0.71446, 0.86322, 0.93518, 0.936903),
    },
    4: {
        "chelsea_blur2.webp": (0.762166, 0.809759, 0.901537, 0.961284),
        "chelsea_contrast80.webp": (0.98284, 0.971099, 0.966298, 0.949975),
        "chelsea_jpeg10.jpg": (0.275695, 0.815408, 0.92853, 0.895025),
        "chelsea_jpeg30.jpg": (0.821294, 0.959095, 0.981296, 0.989254),
        "chelsea_jpeg90.jpg": (0.991285, 0.99889, 0.999592, 0.999679),
        "chelsea_noise20.webp": (0.647807, 0.831632, 0.954986, 0.992824),
        "chelsea_rescale4.webp": (0.786632, 0.88086, 0.951802, 0.993434),
        "coffee_blur4.webp": (0.45678, 0.651783, 0.818963, 0.934625),
        "coffee_jpeg30.jpg": (0.884244, 0.975352, 0.995726, 0.981625),
        "rocket_rescale4.webp": (0.518587, 0.80679, 0.969454, 0.996189),
        "rocket_webp10.webp": (0.762285, 0.896463, 0.946017, 0.973005),
    },
}
"""Scores of the example images on each level by the weights of every version. Weights never change:
others are another version, with a row of its own in the model card and scores of its own here."""


@pytest.mark.parametrize(
    ("version", "name"), [(version, name) for version in GOLDEN for name in sorted(GOLDEN[version])]
)
def test_scores_of_the_example_images_stay_what_they_were(
    version: int, name: str, examples_dir: Path
) -> None:
    distorted = examples_dir / "distorted" / name
    reference = next(examples_dir.glob(f"{name.split('_')[0]}.*"))
    result = msds.score(reference, distorted, model=f"msds-compact-v{version}")
    assert result.levels == pytest.approx(GOLDEN[version][name], abs=2e-4)


def test_every_version_has_golden_scores() -> None:
    assert set(GOLDEN) == set(VERSIONS)
