"""One score from the scores of the levels."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from msds.errors import InputError
from msds.method.fusion import GEOMETRIC_FLOOR, check_weights, equal_weights, fuse, simplex

parameters = st.lists(st.floats(-8, 8), min_size=1, max_size=6)


@given(parameters)
def test_simplex_weights_are_positive_and_sum_to_one(values: list[float]) -> None:
    weights = simplex(torch.tensor(values, dtype=torch.float64))
    assert (weights > 0).all()
    assert weights.sum().item() == pytest.approx(1)


@given(parameters, st.sampled_from(["linear", "geometric"]))
def test_ones_fuse_to_exactly_one(values: list[float], form: str) -> None:
    weights = simplex(torch.tensor(values))
    assert fuse(torch.ones(1, len(values)), weights, form).item() == 1.0


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(-3, 3)), min_size=1, max_size=6))
def test_both_forms_equal_their_formula(pairs: list[tuple[float, float]]) -> None:
    scores = [s for s, _ in pairs]
    weights = simplex(torch.tensor([p for _, p in pairs], dtype=torch.float64))
    tensor = torch.tensor([scores], dtype=torch.float64)
    linear = math.fsum(w * s for w, s in zip(weights.tolist(), scores, strict=True))
    product = math.prod(s**w for w, s in zip(weights.tolist(), scores, strict=True))
    assert fuse(tensor, weights).item() == pytest.approx(linear, rel=1e-9)
    assert fuse(tensor, weights, "geometric").item() == pytest.approx(product, rel=1e-9)
    assert product <= linear + 1e-12


def test_negative_level_scores_count_as_the_floor_in_the_geometric_form() -> None:
    scores = torch.tensor([[-0.5, 1.0]], requires_grad=True)
    fused = fuse(scores, torch.tensor([0.5, 0.5]), "geometric")
    assert fused.item() == pytest.approx(math.sqrt(GEOMETRIC_FLOOR))
    fused.sum().backward()
    assert torch.isfinite(scores.grad).all()


def test_given_weights_are_scaled_to_sum_to_one_exactly() -> None:
    weights = check_weights([0.1, 0.2, 0.30001, 0.4], 4)
    assert sum(weights) == pytest.approx(1, abs=1e-15)
    assert check_weights([0.333, 0.333, 0.333], 3) == equal_weights(3)
    assert equal_weights(4) == (0.25,) * 4


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, 0.5], "3 levels need 3 weights; got 2"),
        ([0.5, 0.5, 0.5], "sum to 1"),
        ([1.5, -0.5, 0.0], r"lie in \[0, 1\]"),
        ([float("nan"), 0.5, 0.5], r"lie in \[0, 1\]"),
    ],
)
def test_weights_off_the_simplex_are_refused(weights: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_weights(weights, 3)


def test_wrong_forms_and_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="'harmonic'"):
        fuse(torch.ones(1, 2), torch.tensor([0.5, 0.5]), "harmonic")
    with pytest.raises(InputError, match="2 weights cannot fuse 3"):
        fuse(torch.ones(1, 3), torch.tensor([0.5, 0.5]))
