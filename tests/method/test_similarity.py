"""The equations against an independent float64 transcription, and their stated properties."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from helpers import oracle
from msds.errors import InputError
from msds.method.similarity import (
    block_similarity,
    deepssim,
    deepssim_lite,
    gram,
    lite_similarity,
    normalized,
    structure,
)


def features(seed: int, channels: int = 8, side: int = 5, scale: float = 1.0) -> Tensor:
    """Rectified noise, as after a ReLU."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(1, channels, side, side, generator=generator, dtype=torch.float64)
    return values.relu() * scale


def rows(tensor: Tensor) -> list[list[float]]:
    return tensor.double()[0].flatten(1).tolist()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
@pytest.mark.parametrize("seed", range(5))
def test_deepssim_equals_the_plain_loops_in_float64(seed: int, scale: float) -> None:
    a, b = features(seed, scale=scale), features(seed + 100, scale=scale)
    assert deepssim(a, b).item() == pytest.approx(oracle.deepssim(rows(a), rows(b)), rel=1e-9)


@pytest.mark.parametrize("scale", [1.0, 300.0])
@pytest.mark.parametrize("seed", range(5))
def test_deepssim_in_float32_is_within_a_millionth_of_the_plain_loops(
    seed: int, scale: float
) -> None:
    a = features(seed, channels=16, scale=scale).float()
    b = (a * (1 + 0.2 * features(seed + 50, channels=16).float())).float()
    assert deepssim(a, b).item() == pytest.approx(oracle.deepssim(rows(a), rows(b)), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_deepssim_lite_equals_the_plain_loops(seed: int) -> None:
    a, b = features(seed), features(seed + 100)
    expected = oracle.deepssim_lite(rows(a), rows(b))
    assert deepssim_lite(a, b).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("channels", [128, 132, 260])
def test_mirrored_blocks_are_counted_though_not_computed(channels: int) -> None:
    a, b = features(1, channels=channels), features(2, channels=channels)
    expected = oracle.deepssim(rows(a), rows(b))
    assert deepssim(a, b).item() == pytest.approx(expected, rel=1e-9)
    assert deepssim(a.float(), a.float().clone()).item() == 1.0


def test_the_gram_matrix_is_not_divided_by_anything() -> None:
    ones = torch.ones(2, 4, 3, 5)
    assert torch.equal(gram(ones), torch.full((2, 4, 4), 15.0))


def test_the_uncentred_form_loses_the_score_in_float32_and_the_centred_one_does_not() -> None:
    # A Gram matrix of real size: entries near 1e5 that differ by single units inside a block.
    generator = torch.Generator().manual_seed(0)
    x = 1e5 + torch.randn(1, 8, 8, generator=generator, dtype=torch.float64).round()
    y = x + torch.randn(1, 8, 8, generator=generator, dtype=torch.float64).round()
    exact = oracle.block_similarity(x[0].tolist(), y[0].tolist())
    assert block_similarity(x.float(), y.float()).item() == pytest.approx(exact, rel=1e-4)

    def uncentred(a: Tensor, b: Tensor) -> float:
        a, b = (m.float().unflatten(-1, (2, 4)).unflatten(-3, (2, 4)) for m in (a, b))
        mean_a, mean_b = a.mean((-3, -1)), b.mean((-3, -1))
        cov = (a * b).mean((-3, -1)) - mean_a * mean_b
        var_a = a.square().mean((-3, -1)) - mean_a.square()
        var_b = b.square().mean((-3, -1)) - mean_b.square()
        return ((2 * cov + 1e-6) / (var_a + var_b + 1e-6)).mean().item()

    assert abs(uncentred(x, y) - exact) > 0.1


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    channels=st.sampled_from([4, 8, 12, 20]),
    scale=st.floats(1e-6, 1e4),
    wide=st.booleans(),
)
def test_identical_features_score_exactly_one(
    seed: int, channels: int, scale: float, wide: bool
) -> None:
    a = features(seed, channels, scale=scale)
    a = a if wide else a.float()
    assert deepssim(a, a.clone()).item() == 1.0
    assert deepssim_lite(a, a.clone()).item() == 1.0


@settings(max_examples=60, deadline=None)
@given(first=st.integers(0, 10**6), second=st.integers(0, 10**6), scale=st.floats(1e-3, 1e3))
def test_scores_are_symmetric_and_lie_between_minus_one_and_one(
    first: int, second: int, scale: float
) -> None:
    a, b = features(first).float(), features(second, scale=scale).float()
    score = deepssim(a, b).item()
    assert score == deepssim(b, a).item()
    assert -1 < score <= 1 + 1e-6


@pytest.mark.parametrize("value", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("similarity", [deepssim, deepssim_lite])
def test_constant_features_give_finite_scores_and_gradients(similarity, value: float) -> None:
    a = torch.full((1, 8, 4, 4), value, requires_grad=True)
    b = torch.full((1, 8, 4, 4), value)
    score = similarity(a, b)
    score.sum().backward()
    assert score.item() == 1.0
    assert torch.isfinite(a.grad).all()


def test_gradients_agree_with_finite_differences() -> None:
    a = features(1, channels=4, side=2).requires_grad_()
    b = features(2, channels=4, side=2)
    assert torch.autograd.gradcheck(lambda x: deepssim(x, b), (a,))
    assert torch.autograd.gradcheck(lambda x: deepssim_lite(x, b), (a,))


def test_half_precision_features_are_summed_in_float32() -> None:
    a = torch.full((1, 4, 64, 64), 30.0, dtype=torch.float16)  # 4096 * 900 overflows float16
    result = gram(a)
    assert result.dtype == torch.float32
    assert torch.equal(result, torch.full((1, 4, 4), 4096 * 900.0))


def test_the_gram_matrix_stays_float32_under_autocast() -> None:
    a = features(3).float()
    with torch.autocast("cpu", torch.bfloat16):
        inside = gram(a)
    assert torch.equal(inside, gram(a))


def test_an_area_ratio_caps_the_published_score_and_normalising_removes_the_cap() -> None:
    # The same texture on half the area: one Gram matrix is half the other, S = 2a / (1 + a^2).
    a = features(5, side=8, scale=100).float()
    whole = torch.cat([a, a], -1)
    assert deepssim(whole, a).item() == pytest.approx(0.8, abs=1e-4)
    assert deepssim(whole, a, normalize="positions").item() == pytest.approx(1.0, abs=1e-5)


def test_structure_has_no_luminance_term() -> None:
    x = torch.rand(16, dtype=torch.float64)
    assert structure(x, x + 7, 0).item() == pytest.approx(1.0, rel=1e-9)


def test_one_gram_can_be_compared_with_a_batch() -> None:
    one, many = gram(features(1)), torch.cat([gram(features(s)) for s in (1, 2, 3)])
    expected = torch.cat([block_similarity(one, many[i : i + 1]) for i in range(3)])
    assert torch.equal(block_similarity(one, many), expected)


@pytest.mark.parametrize("references", [1, 3])
def test_levels_at_once_are_scored_like_one_by_one(references: int) -> None:
    a, b = (
        torch.stack([gram(torch.cat([features(s + k) for s in range(n)])) for k in (0, 10)], 1)
        for n in (references, 3)
    )
    assert a.shape[:2] == (references, 2)
    scores = block_similarity(a, b)
    assert scores.shape == (3, 2)
    for k in range(2):
        expected = block_similarity(a[:, k], b[:, k])
        torch.testing.assert_close(scores[:, k], expected, rtol=0, atol=1e-6)
    one_against_all = block_similarity(a[:, :1], b)
    torch.testing.assert_close(one_against_all[:, 0], scores[:, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.zeros(1, 6, 6), torch.zeros(1, 6, 6), "multiple of 4"),
        (torch.zeros(1, 4, 4), torch.zeros(1, 8, 8), "4 and 8 channels"),
        (torch.zeros(2, 4, 4), torch.zeros(3, 4, 4), "2 with 3 images"),
        (torch.zeros(4, 4), torch.zeros(4, 4), r"must be \(N, C, C\)"),
        (torch.zeros(1, 2, 4, 4), torch.zeros(1, 3, 4, 4), "2 with 3 levels"),
    ],
)
def test_grams_that_do_not_fit_are_refused(a: Tensor, b: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        block_similarity(a, b)


def test_lite_grams_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="4 and 8 channels"):
        lite_similarity(torch.zeros(1, 4, 4), torch.zeros(1, 8, 8))


def test_an_unknown_normalisation_is_refused() -> None:
    with pytest.raises(InputError, match="'area'"):
        normalized(torch.zeros(1, 4, 4), 1, "area")
