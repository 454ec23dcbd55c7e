"""The metrics as modules."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import msds
from msds.errors import InputError
from msds.method.fusion import fuse
from msds.method.pyramid import pyramid
from msds.method.similarity import deepssim, deepssim_lite
from msds.metric import MSDS, DeepSSIM, DeepSSIMLite
from msds.trunks import ChainTrunk, Conv, ModuleTrunk, Pool, load_trunk
from msds.trunks.layers import random_weights

LAYERS = (Conv("a", 8), Pool(), Conv("b", 12, kernel=5, stride=2), Conv("c", 8, kernel=1))


def small_trunk(seed: int = 0) -> ChainTrunk:
    """A trunk of stride 4 and 8 channels."""
    return ChainTrunk("small", LAYERS, random_weights(LAYERS, seed))


@pytest.fixture
def metric() -> MSDS:
    return MSDS(small_trunk(), levels=3)


def images(seed: int, n: int = 1, height: int = 40, width: int = 56) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 3, height, width, generator=generator)


def test_the_score_is_the_fused_deepssim_of_every_level() -> None:
    trunk = small_trunk()
    weights = (0.2, 0.5, 0.3)
    a, b = images(1, 2), images(2, 2)
    levels = torch.stack(
        [deepssim(trunk(x), trunk(y)) for x, y in zip(pyramid(a, 3), pyramid(b, 3), strict=True)],
        -1,
    )
    metric = MSDS(trunk, levels=3, weights=weights)
    torch.testing.assert_close(metric(a, b), fuse(levels, torch.tensor(weights)))
    torch.testing.assert_close(metric.level_scores(metric.encode(a), metric.encode(b)), levels)


def test_deepssim_is_the_first_level_and_lite_its_own_equation() -> None:
    trunk = small_trunk()
    a, b = images(1, 2), images(2, 2)
    torch.testing.assert_close(DeepSSIM(trunk)(a, b), deepssim(trunk(a), trunk(b)))
    torch.testing.assert_close(DeepSSIMLite(trunk)(a, b), deepssim_lite(trunk(a), trunk(b)))


@pytest.mark.parametrize("fusion", ["linear", "geometric"])
def test_identical_images_score_exactly_one(fusion: str) -> None:
    metric = MSDS(small_trunk(), levels=3, weights=(0.3, 0.3, 0.4), fusion=fusion)
    for x in (images(1, 3), torch.zeros(1, 3, 40, 40), torch.ones(1, 3, 40, 40)):
        assert metric(x, x.clone()).tolist() == [1.0] * len(x)


def test_scores_are_symmetric(metric: MSDS) -> None:
    assert metric(images(1), images(2)).item() == metric(images(2), images(1)).item()


def test_a_batch_scores_as_its_images_one_by_one(metric: MSDS) -> None:
    a, b = images(1, 5), images(2, 5)
    alone = torch.cat([metric(a[i : i + 1], b[i : i + 1]) for i in range(5)])
    torch.testing.assert_close(metric(a, b), alone, rtol=0, atol=1e-6)


def test_one_reference_is_compared_with_a_batch(metric: MSDS) -> None:
    reference, many = metric.encode(images(1)), images(2, 4)
    torch.testing.assert_close(
        metric.compare(reference, metric.encode(many)),
        metric(images(1).expand(4, -1, -1, -1), many),
    )


def test_the_metric_stays_frozen_inside_a_training_module(metric: MSDS) -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 1), metric).train()
    assert not any(module.training for module in metric.modules())
    assert model.training
    assert not any(p.requires_grad for p in metric.parameters())


def test_gradients_reach_the_input_and_no_parameter(metric: MSDS) -> None:
    x = images(1).requires_grad_()
    metric(images(2), x).sum().backward()
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in metric.parameters())


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_gradients_are_finite_at_identical_black_and_constant_images(
    metric: MSDS, value: float
) -> None:
    x = torch.full((1, 3, 40, 40), value, requires_grad=True)
    metric(torch.full((1, 3, 40, 40), value), x).sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_integer_images_are_scaled_by_their_type(metric: MSDS, dtype: torch.dtype) -> None:
    top = torch.iinfo(dtype).max
    whole = (images(1) * top).round()
    expected = metric(images(2), (whole / top).float())
    torch.testing.assert_close(metric(images(2), whole.to(dtype)), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_trunks_give_float32_scores_near_the_full_ones(
    metric: MSDS, dtype: torch.dtype
) -> None:
    full = metric(images(1), images(2))
    half = copy.deepcopy(metric).to(dtype)
    encoding = half.encode(images(1))
    assert all(g.dtype == torch.float32 for g in encoding.grams)
    torch.testing.assert_close(half(images(1), images(2)), full, rtol=0, atol=0.02)
    assert half.fingerprint != metric.fingerprint


def test_under_autocast_the_gram_matrices_stay_float32(metric: MSDS) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        encoding = metric.encode(images(1))
    assert all(g.dtype == torch.float32 for g in encoding.grams)


def test_the_double_metric_works_in_float64(metric: MSDS) -> None:
    double = copy.deepcopy(metric).double()
    score = double(images(1).double(), images(2).double())
    assert score.dtype == torch.float64
    torch.testing.assert_close(score.float(), metric(images(1), images(2)), rtol=0, atol=1e-5)


def test_images_of_different_size_can_be_compared(metric: MSDS) -> None:
    score = metric(images(1, height=40), images(2, height=64, width=80))
    assert torch.isfinite(score).all()
    same = MSDS(small_trunk(), levels=3, normalize="positions")
    assert same(torch.full((1, 3, 64, 64), 0.5), torch.full((1, 3, 128, 128), 0.5)).item() > 0.6


def test_too_small_images_are_refused_naming_the_least_size(metric: MSDS) -> None:
    with pytest.raises(
        InputError, match=r"40 x 15 pixels is too small: 3 levels need at least 16 x 16"
    ):
        metric.encode(images(1, height=15, width=40))


def test_too_small_images_can_be_scored_with_fewer_levels() -> None:
    metric = MSDS(small_trunk(), levels=3, weights=(0.2, 0.3, 0.5), small="fewer-levels")
    a, b = images(1, height=15, width=40), images(2, height=15, width=40)
    scores = metric.level_scores(metric.encode(a), metric.encode(b))
    assert scores.shape == (1, 2)
    assert metric.weights_of(2) == pytest.approx((0.4, 0.6))
    torch.testing.assert_close(metric(a, b), (scores * torch.tensor([0.4, 0.6])).sum(-1))
    with pytest.raises(InputError, match="1 level needs at least 4 x 4"):
        metric.encode(images(1, height=3, width=40))


def test_the_calibration_mask_multiplies_the_first_convolution() -> None:
    trunk = small_trunk()
    mask = torch.zeros(1, 1, 40, 56)
    mask[..., 20:] = 1
    first = torch.relu(trunk.convolutions["a"](trunk.normalise(images(1)))) * mask
    pooled = torch.max_pool2d(first, 2)
    expected = torch.relu(trunk.convolutions["b"](pooled))
    expected = torch.relu(trunk.convolutions["c"](expected))
    torch.testing.assert_close(trunk(images(1), mask), expected)
    metric = MSDS(trunk, levels=2)
    masked = metric(images(1), images(2), reference_mask=mask, distorted_mask=mask)
    assert masked.item() != metric(images(1), images(2)).item()
    everything = torch.ones_like(mask)
    assert metric(
        images(1), images(2), reference_mask=everything, distorted_mask=everything
    ).item() == pytest.approx(metric(images(1), images(2)).item())


def test_equal_settings_have_equal_fingerprints_and_others_do_not() -> None:
    def fingerprint(seed: int = 0, **options: object) -> str:
        return MSDS(small_trunk(seed), **options).fingerprint  # type: ignore[arg-type]

    first = fingerprint()
    assert first == fingerprint()
    others = [
        fingerprint(1),
        fingerprint(levels=3),
        fingerprint(weights=(0.4, 0.2, 0.2, 0.2)),
        fingerprint(fusion="geometric"),
        fingerprint(filter="gaussian"),
        fingerprint(normalize="positions"),
        DeepSSIM(small_trunk()).fingerprint,
        DeepSSIMLite(small_trunk()).fingerprint,
    ]
    assert len({first, *others}) == len(others) + 1


def test_model_ids_name_what_differs_from_the_default() -> None:
    assert MSDS(small_trunk()).model_id == "msds-small"
    changed = MSDS(small_trunk(), levels=2, weights=(0.25, 0.75), normalize="positions")
    assert changed.model_id == "msds-small(levels=2,weights=0.25/0.75,normalize=positions)"
    assert DeepSSIM(small_trunk()).model_id == "deepssim-small"


def test_encodings_of_another_trunk_are_refused(metric: MSDS) -> None:
    other = MSDS(small_trunk(1), levels=3)
    with pytest.raises(InputError, match="made by another trunk"):
        metric.compare(metric.encode(images(1)), other.encode(images(1)))


def test_encodings_can_be_cut_and_moved(metric: MSDS) -> None:
    encoding = metric.encode(images(1, 4))
    assert len(encoding) == 4
    part = encoding[1:3].to("cpu")
    assert len(part) == 2
    torch.testing.assert_close(
        metric.compare(part, encoding[:1]), metric.compare(encoding, encoding[:1])[1:3]
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.rand(3, 40, 40), r"got \(3, 40, 40\) \(add a batch dimension"),
        (torch.rand(2, 40, 40, 3), r"got \(2, 40, 40, 3\) \(channels come second"),
        (torch.rand(2, 1, 40, 40), r"got \(2, 1, 40, 40\) \(grey as RGB"),
        (torch.rand(1, 1, 40, 40), r"Expected a \(N, 3, H, W\) tensor; got \(1, 1, 40, 40\)"),
        (torch.rand(0, 3, 40, 40), "at least one image"),
        (torch.rand(1, 3, 40, 40) * 255, "divide 8-bit values by 255"),
        (torch.rand(1, 3, 40, 40) * 2 - 1, r"use \(x \+ 1\) / 2"),
        (torch.rand(1, 3, 40, 40) * 1.2, r"must lie in \[0, 1\]; got values from"),
        (torch.full((1, 3, 40, 40), float("nan")), "NaN or infinite"),
        (torch.full((1, 3, 40, 40), float("inf")), "NaN or infinite"),
        (torch.full((1, 3, 40, 40), -float("inf")), "NaN or infinite"),
        (torch.zeros(1, 3, 40, 40, dtype=torch.int64), "got torch.int64, whose range"),
        (torch.zeros(1, 3, 40, 40, dtype=torch.bool), "got torch.bool"),
        ("photo.png", "got str"),
    ],
)
def test_tensors_that_are_not_images_are_refused(metric: MSDS, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metric(images(1), value)


def test_a_single_bad_pixel_is_found_even_beside_out_of_range_ones(metric: MSDS) -> None:
    x = images(1)
    x[0, 0, 0, 0] = float("nan")
    x[0, 0, 0, 1] = 300.0
    with pytest.raises(InputError, match="NaN or infinite"):
        metric(images(2), x)


def test_batches_that_do_not_fit_are_refused(metric: MSDS) -> None:
    with pytest.raises(InputError, match="Cannot compare 2 with 3 images"):
        metric(images(1, 2), images(2, 3))


def test_masks_that_do_not_fit_are_refused(metric: MSDS) -> None:
    with pytest.raises(InputError, match="saliency mask must be"):
        metric.encode(images(1), torch.ones(1, 1, 5, 5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": 0}, "levels must be a whole number from 1 to 12"),
        ({"filter": "box"}, "pyramid filter 'box'"),
        ({"fusion": "sum"}, "Unknown fusion 'sum'"),
        ({"normalize": "area"}, "Unknown normalize 'area'"),
        ({"small": "pad"}, "Unknown small 'pad'"),
        ({"weights": (0.5, 0.5)}, "4 levels need 4 weights"),
        ({"trunk": "resnet"}, "Unknown trunk 'resnet': expected one of compact, compact-v3"),
    ],
)
def test_wrong_settings_are_refused(options: dict[str, object], message: str) -> None:
    arguments = {"trunk": small_trunk(), **options}
    with pytest.raises(InputError, match=message):
        MSDS(**arguments)  # type: ignore[arg-type]


def test_a_trunk_whose_channels_cannot_be_cut_into_blocks_is_refused() -> None:
    layers = (Conv("a", 6),)
    with pytest.raises(InputError, match="6 channels; expected a multiple of 4"):
        MSDS(ChainTrunk("six", layers, random_weights(layers)))


def test_any_module_serves_as_a_trunk() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU()
    )
    metric = MSDS(ModuleTrunk(module, "mine"), levels=2)
    assert (metric.trunk.channels, metric.trunk.stride) == (16, 4)
    expected = deepssim(module(images(1)), module(images(2)))
    scores = metric.level_scores(metric.encode(images(1)), metric.encode(images(2)))
    torch.testing.assert_close(scores[:, 0], expected)
    assert MSDS(ModuleTrunk(module, "mine", layer="1")).trunk.channels == 8


class Movable(MSDS):
    """Records where it is asked to move."""

    def to(self, *args: Any, **kwargs: Any) -> Any:
        self.moves = [*getattr(self, "moves", []), args]
        return super().to(*args, **kwargs)


def test_a_metric_that_is_passed_in_stays_where_it_is_unless_a_device_is_named() -> None:
    metric = Movable(small_trunk(), levels=2)
    images = [np.full((64, 64, 3), value, np.uint8) for value in (10, 200)]
    msds.score(*images, model=metric)
    assert not hasattr(metric, "moves")
    msds.score(*images, model=metric, device="cpu")
    assert [torch.device(*move) for move in metric.moves] == [torch.device("cpu")]


def test_encodings_of_another_pyramid_are_refused(metric: MSDS) -> None:
    own = metric.encode(images(1))
    for other, message in (
        (MSDS(metric.trunk, levels=3, filter="stride"), "made with the filter 'stride'"),
        (MSDS(metric.trunk, levels=2), "has 2 of 3 levels"),
        (DeepSSIM(metric.trunk), "has 1 of 3 levels"),
    ):
        with pytest.raises(InputError, match=message):
            metric.compare(own, other.encode(images(1)))
    # One level is that of any pyramid.
    one = DeepSSIM(metric.trunk)
    strided = MSDS(metric.trunk, levels=3, filter="stride").encode(images(1))
    assert float(one.compare(own, strided)) == 1


@pytest.mark.parametrize("levels", [2.5, "4", True])
def test_a_number_of_levels_is_a_whole_number(levels: Any) -> None:
    with pytest.raises(InputError, match="must be a whole number from 1 to 12"):
        MSDS(small_trunk(), levels=levels)


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64])
def test_masks_may_be_of_any_type(dtype: torch.dtype) -> None:
    metric = MSDS(load_trunk("compact"), levels=1)
    mask = (torch.rand(1, 1, 40, 56, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    expected = metric.encode(images(1), mask).grams[0]
    assert torch.equal(metric.encode(images(1), mask.to(dtype)).grams[0], expected)
    with pytest.raises(InputError, match="must be a tensor; got ndarray"):
        metric.encode(images(1), mask.numpy())  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_compiled_metric_is_one_graph(metric: MSDS) -> None:
    torch.compiler.reset()
    a, b = images(1), images(2)
    compiled = torch.compile(metric, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(a, b), metric(a, b))


def test_replicas_of_data_parallel_score_alike(metric: MSDS) -> None:
    """Replicas hold plain tensors where a module has parameters."""
    a, b = images(1), images(2)
    expected, encoding = metric(a, b), metric.encode(a)
    apart = metric.compare(encoding, metric.encode(b))
    for module in metric.modules():
        values = dict(module._parameters)
        module._parameters.clear()
        module.__dict__.update(values, _is_replica=True)
    assert torch.equal(metric(a, b), expected)
    assert torch.equal(metric.compare(encoding, metric.encode(b)), apart)


def test_autocast_around_it_changes_no_score_of_the_engine() -> None:
    pair = [images(seed, 1, 140, 160)[0] for seed in (1, 2)]
    expected = msds.score(*pair).score
    with torch.autocast("cpu", torch.bfloat16):
        assert msds.score(*pair).score == expected
