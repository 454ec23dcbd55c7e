"""The whole of two images and their halves: against the float64 transcription of DeepSSIM."""

from __future__ import annotations

import pytest
import torch

from helpers.oracle import deepssim
from helpers.small_trunk import small_trunk
from msds import MSDS
from msds.metric.maps import make_map

HALVES = {
    "whole": (slice(None), slice(None)),
    "left": (slice(None), slice(0, 10)),
    "right": (slice(None), slice(10, None)),
    "top": (slice(0, 8), slice(None)),
    "bottom": (slice(8, None), slice(None)),
}
"""Of the 16 x 20 positions that 32 x 40 pixels have."""


@pytest.mark.parametrize("side", [1000, 16])
def test_halves_score_as_their_features_do(side: int) -> None:
    generator = torch.Generator().manual_seed(0)
    pair = torch.rand(2, 3, 32, 40, generator=generator)
    metric = MSDS(small_trunk(), levels=1)
    with torch.inference_mode():
        features = metric.trunk(pair).double()
    found = make_map(metric, *pair, side=side)
    assert {region.name for region in found.regions} == set(HALVES)
    for region in found.regions:
        rows, columns = HALVES[region.name]
        some = features[:, :, rows, columns].flatten(2).tolist()
        assert region.scores == pytest.approx([deepssim(*some)], abs=1e-4)
        windows = 1 - found.levels[0].values[rows, columns].mean()
        assert region.local == pytest.approx([float(windows)], abs=1e-6)


def test_images_of_one_position_have_no_halves_but_themselves() -> None:
    generator = torch.Generator().manual_seed(1)
    pair = torch.rand(2, 3, 2, 2, generator=generator)
    found = make_map(MSDS(small_trunk(), levels=1), *pair)
    whole, *halves = found.regions
    assert all(half.scores == whole.scores and half.local == whole.local for half in halves)


def test_an_attribution_has_no_regions() -> None:
    pair = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    assert make_map(MSDS(small_trunk(), levels=1), *pair, kind="attribution").regions == ()
