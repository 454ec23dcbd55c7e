"""Levels from a pyramid of features."""

from __future__ import annotations

import pytest
import torch

from msds import MSDS, load_image
from msds.errors import InputError
from msds.images import Image
from msds.study.features import FeaturePyramid


def images() -> tuple[Image, Image]:
    values = torch.rand(2, 3, 160, 128, generator=torch.Generator().manual_seed(0))
    return load_image(values[0]), load_image(values[1])


def test_level_1_is_that_of_the_metric_and_level_2_sees_halved_features() -> None:
    metric = MSDS("compact", levels=2)
    contender, (a, b) = FeaturePyramid(metric), images()
    reference, distorted = contender.prepare(a), contender.prepare(b)
    first, second = contender.compare(reference, distorted)
    expected = metric.level_scores(metric.encode(a.pixels[None]), metric.encode(b.pixels[None]))[0]
    assert first == pytest.approx(float(expected[0]), abs=1e-6)
    assert second != pytest.approx(float(expected[1]), abs=1e-3)
    features = torch.nn.functional.avg_pool2d(metric.trunk(a.pixels[None]), 2).flatten(2)[0]
    torch.testing.assert_close(reference.grams[1][0], features @ features.T)
    assert contender.key != FeaturePyramid(MSDS("compact", levels=1)).key


def test_an_image_that_is_too_small_is_named() -> None:
    small = load_image(torch.rand(3, 20, 20))
    with pytest.raises(InputError, match="tensor.*20"):
        FeaturePyramid(MSDS("compact")).prepare(small)
