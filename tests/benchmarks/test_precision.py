"""int8 after training: what is computed is the chain rounded as the recipe says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

pytest.importorskip("openvino", reason="int8 needs OpenVINO")
pytest.importorskip("onnxruntime", reason="int8 needs ONNX Runtime")

from benchmarks.precision import SETTINGS, turned
from benchmarks.quantised import (
    MOST,
    Int8OnnxRuntime,
    Int8OpenVino,
    Quantised,
    Recipe,
    best_scale,
    equalised,
    quantise,
)
from msds.trunks import ChainTrunk, Conv, Pool
from msds.trunks.layers import random_weights, run_layer

LAYERS = (Conv("a", 8, kernel=5, stride=2), Conv("b", 16), Pool(), Conv("c", 12, kernel=1))


@pytest.fixture(scope="module")
def chain() -> ChainTrunk:
    """Channels of very different ranges, so that it matters how they are treated."""
    weights = random_weights(LAYERS, 4)
    for name, count in (("a", 8), ("b", 16)):
        weights[f"{name}.weight"] *= torch.logspace(-1, 1, count).view(-1, 1, 1, 1)
        weights[f"{name}.bias"] += 0.1
    return ChainTrunk("ranges", LAYERS, weights)


@pytest.fixture(scope="module")
def photographs() -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    coarse = torch.rand(3, 1, 3, 12, 16, generator=generator)
    return [
        torch.nn.functional.interpolate(x, (96, 128), mode="bicubic").clamp(0, 1) for x in coarse
    ]


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def by_equations(model: Quantised, images: Tensor) -> Tensor:
    """The same in float32: inputs and kernels rounded, then an ordinary convolution."""
    x = model.chain.normalise(images)
    for layer, weights in model.chain.steps():
        if isinstance(layer, Conv) and layer.name in model.rounded:
            step = model.rounded[layer.name]
            x = (x / step.input_scale).round().clamp(0, MOST) * step.input_scale
            weights = (step.kernel * step.scale.view(-1, 1, 1, 1), step.bias)
        x = run_layer(layer, x, weights)
    return x


def distance(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def test_equalised_channels_compute_the_same(chain: ChainTrunk, photographs: list[Tensor]) -> None:
    found = equalised(chain, photographs, 0.8)
    expected = chain(photographs[0])
    torch.testing.assert_close(found(photographs[0]), expected, rtol=1e-4, atol=1e-4)
    before, after = (
        run_layer(LAYERS[0], x.normalise(photographs[0]), x.weights_of(LAYERS[0])).amax((0, 2, 3))
        for x in (chain, found)
    )
    assert after.max() / after.min() < before.max() / before.min() / 4


def test_the_best_scale_errs_no_more_than_that_of_the_largest_value() -> None:
    values = torch.rand(1, 2000, generator=torch.Generator().manual_seed(0)) ** 8
    values[0, 0] = 3.0
    largest = values.amax(1)

    def error(scale: Tensor) -> float:
        steps = scale[:, None]
        return float(((values / steps).round().clamp(0, 15) * steps - values).square().sum())

    assert error(best_scale(values, largest, 15)) <= error(largest / 15)


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(equalise=0.8, fitted=True, floating=(2,))])
def test_both_libraries_compute_what_the_recipe_says(
    chain: ChainTrunk, photographs: list[Tensor], recipe: Recipe, threads: None
) -> None:
    model = quantise(chain, photographs, recipe)
    assert set(model.rounded) == ({"b", "c"} if not recipe.floating else {"c"})
    images = photographs[1]
    expected, exact = by_equations(model, images), chain(images)
    lost = distance(expected, exact)
    assert lost > 1e-4
    for found in (Int8OpenVino(model)(images), Int8OnnxRuntime(model)(images)):
        # A value on the border of two steps may fall to either side.
        assert distance(found, expected) < 0.2 * lost


def test_fitted_kernels_are_nearer_on_the_photographs(
    chain: ChainTrunk, photographs: list[Tensor]
) -> None:
    def lost(recipe: Recipe) -> float:
        model = quantise(chain, photographs, recipe)
        return float(np.mean([distance(by_equations(model, x), chain(x)) for x in photographs]))

    assert lost(Recipe(fitted=True)) < lost(Recipe())


def test_neighbouring_settings_in_another_order_are_counted() -> None:
    rising = np.linspace(0.9, 1, len(SETTINGS))
    swapped = rising.copy()
    swapped[[1, 2]] = swapped[[2, 1]]
    both = np.concatenate([rising, swapped])
    assert turned(both, np.concatenate([rising, rising])) == (1, 2 * (len(SETTINGS) - 1))
