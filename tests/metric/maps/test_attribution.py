"""Shares of 1 - DeepSSIM: they sum up to it, by the float64 transcription."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from helpers import oracle
from msds.method.similarity import block_similarity, gram
from msds.metric.maps.attribution import attribution, change_weights


def features(seed: int, channels: int = 8, height: int = 3, width: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(channels, height, width, generator=generator, dtype=torch.float64)


def shares(a: Tensor, b: Tensor) -> Tensor:
    return attribution(a, b, change_weights(gram(a[None]), gram(b[None]))[0])


@given(seed=st.integers(0, 1000))
def test_the_shares_of_all_positions_sum_to_one_minus_deepssim(seed: int) -> None:
    a, b = features(seed), features(seed + 1)
    expected = 1 - oracle.deepssim(*(x.flatten(1).tolist() for x in (a, b)))
    assert float(shares(a, b).sum()) == pytest.approx(expected, abs=1e-12)


def test_of_one_block_they_sum_to_one_minus_deepssim_lite() -> None:
    a, b = features(1), features(2)
    scale = a.numel()
    weights = change_weights(gram(a[None]) / scale, gram(b[None]) / scale, block=8)[0] / scale
    expected = 1 - oracle.deepssim_lite(*(x.flatten(1).tolist() for x in (a, b)))
    assert float(attribution(a, b, weights).sum()) == pytest.approx(expected, abs=1e-12)


def test_a_position_where_nothing_changed_has_no_share() -> None:
    a = features(3)
    b = a.clone()
    b[:, 1, 2] = features(4)[:, 0, 0]
    found = shares(a, b)
    changed = float(found[1, 2])
    found[1, 2] = 0
    assert bool((found == 0).all())
    expected = 1 - oracle.deepssim(*(x.flatten(1).tolist() for x in (a, b)))
    assert changed == pytest.approx(expected, abs=1e-12)


def test_the_shares_are_the_same_with_the_images_swapped() -> None:
    a, b = features(5), features(6)
    torch.testing.assert_close(shares(a, b), shares(b, a), atol=1e-15, rtol=1e-12)


def test_a_small_change_has_the_share_that_making_and_undoing_it_have_on_average() -> None:
    a = features(7, 8, 6, 6)
    b = a + 0.005 * (features(8, 8, 6, 6) - 0.5)
    found = shares(a, b)

    def distance(x: Tensor, y: Tensor) -> float:
        return float(1 - block_similarity(gram(x[None]), gram(y[None])))

    measured = []
    for y, x in ((0, 0), (2, 3), (5, 1), (4, 4)):
        made, undone = a.clone(), b.clone()
        made[:, y, x], undone[:, y, x] = b[:, y, x], a[:, y, x]
        measured.append((distance(a, made) + distance(a, b) - distance(a, undone)) / 2)
    expected = torch.tensor(measured, dtype=torch.float64)
    picked = torch.stack([found[0, 0], found[2, 3], found[5, 1], found[4, 4]])
    torch.testing.assert_close(picked, expected, atol=0.02 * float(expected.abs().max()), rtol=0)
