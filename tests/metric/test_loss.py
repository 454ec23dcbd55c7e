"""The losses: values, gradients, and what training does to them."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

import msds
from helpers.small_trunk import small_trunk
from helpers.two_processes import PROCESSES, in_two_processes
from msds.errors import InputError
from msds.metric.loss import DeepSSIMLiteLoss, DeepSSIMLoss, MSDSLoss, SimilarityLoss

LOSSES: dict[str, Callable[..., SimilarityLoss]] = {
    "msds": lambda **options: MSDSLoss(small_trunk(), levels=3, **options),
    "msds-geometric": lambda **options: MSDSLoss(
        small_trunk(), levels=3, fusion="geometric", normalize="positions", **options
    ),
    "deepssim": lambda **options: DeepSSIMLoss(small_trunk(), **options),
    "deepssim-lite": lambda **options: DeepSSIMLiteLoss(small_trunk(), **options),
}


@pytest.fixture(params=LOSSES)
def make(request: pytest.FixtureRequest) -> Callable[..., SimilarityLoss]:
    return LOSSES[request.param]


def images(seed: int, n: int = 2, height: int = 24, width: int = 30) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 3, height, width, generator=generator)


def gradient(loss: nn.Module, prediction: Tensor, target: Tensor) -> Tensor:
    prediction = prediction.detach().clone().requires_grad_()
    loss(prediction, target).backward()
    assert prediction.grad is not None
    return prediction.grad


def test_the_loss_is_one_minus_the_metric_and_zero_for_identical_images(
    make: Callable[..., SimilarityLoss],
) -> None:
    loss = make(reduction="none")
    a, b = images(1), images(2)
    torch.testing.assert_close(loss(a, b), 1 - loss.metric(b, a))
    assert torch.equal(loss(a, a), torch.zeros(2))


def test_reductions_are_the_mean_and_the_sum_of_the_losses_of_the_images(
    make: Callable[..., SimilarityLoss],
) -> None:
    a, b = images(1, 3), images(2, 3)
    each = make(reduction="none")(a, b)
    assert each.shape == (3,)
    torch.testing.assert_close(make(reduction="mean")(a, b), each.mean())
    torch.testing.assert_close(make(reduction="sum")(a, b), each.sum())


def test_all_weight_on_one_level_is_deepssim_of_the_image_at_that_size() -> None:
    trunk, a, b = small_trunk(), images(1), images(2)
    single = DeepSSIMLoss(trunk)
    for level in range(3):
        weights = [float(level == k) for k in range(3)]
        loss = MSDSLoss(trunk, levels=3, weights=weights)
        smaller = [F.avg_pool2d(x, 2**level) for x in (a, b)]
        torch.testing.assert_close(loss(a, b), single(*smaller))


def test_gradients_agree_with_finite_differences(make: Callable[..., SimilarityLoss]) -> None:
    loss = make().double()
    prediction = (0.1 + 0.8 * images(1, 1, 8, 9).double()).requires_grad_()
    target = loss.encode(images(2, 1, 8, 9).double())
    assert torch.autograd.gradcheck(lambda x: loss(x, target), prediction, eps=1e-7, atol=1e-5)


def test_gradients_of_the_compact_architecture_agree_with_finite_differences() -> None:
    loss = MSDSLoss(levels=2, trunk_weights="random").double()
    prediction = (0.1 + 0.8 * images(1, 1, 32, 33).double()).requires_grad_()
    target = images(2, 1, 32, 33).double()
    assert torch.autograd.gradcheck(
        lambda x: loss(x, target), prediction, eps=1e-7, atol=1e-5, fast_mode=True
    )


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_gradients_are_finite_at_identical_black_constant_and_saturated_images(
    make: Callable[..., SimilarityLoss], value: float
) -> None:
    loss, noise = make(), images(1)
    flat = torch.full_like(noise, value)
    for prediction, target in ((noise, noise), (flat, flat), (flat, noise), (noise, flat)):
        assert torch.isfinite(gradient(loss, prediction, target)).all()


def test_finite_gradients_where_no_feature_responds(make: Callable[..., SimilarityLoss]) -> None:
    loss = make()
    for convolution in loss.metric.trunk.convolutions.values():  # type: ignore[union-attr]
        nn.init.constant_(convolution.bias, -1e3)
    assert torch.equal(gradient(loss, images(1), images(2)), torch.zeros(2, 3, 24, 30))


def test_an_overshooting_prediction_scores_as_the_clipped_image() -> None:
    loss = LOSSES["msds"]()
    prediction, target = 2 * images(1) - 0.5, images(2)
    assert torch.equal(loss(prediction, target), loss(prediction.clamp(0, 1), target))


def test_gradients_at_overshooting_values_only_lead_back_into_the_range() -> None:
    loss = LOSSES["msds"]()
    prediction, target = 2 * images(1) - 0.5, images(2)
    clipped = gradient(loss, prediction.clamp(0, 1), target)
    found = gradient(loss, prediction, target)
    inside = (prediction >= 0) & (prediction <= 1)
    assert torch.equal(found[inside], clipped[inside])
    assert (found[prediction > 1] >= 0).all()
    assert (found[prediction < 0] <= 0).all()
    # ... and none of those that do is lost, as it would be with torch.clamp.
    for outside, sign in ((prediction > 1, 1), (prediction < 0, -1)):
        back = outside & (clipped * sign > 0)
        assert back.any()
        assert torch.equal(found[back], clipped[back])


def test_descent_brings_an_overshooting_image_back_to_its_target() -> None:
    loss = LOSSES["deepssim-lite"]()
    target = images(2, 1)
    prediction = (target * 1.6 - 0.3).requires_grad_()
    optimiser = torch.optim.Adam([prediction], lr=0.02)
    first = float(loss(prediction, target).detach())
    beyond = float((prediction.detach() - prediction.detach().clamp(0, 1)).abs().sum())
    for _ in range(60):
        optimiser.zero_grad()
        loss(prediction, target).backward()
        optimiser.step()
    after = prediction.detach()
    assert float(loss(after, target)) < 0.2 * first
    assert float((after - after.clamp(0, 1)).abs().sum()) < beyond


def test_out_of_range_predictions_are_an_error_where_that_is_asked_for() -> None:
    loss = LOSSES["msds"](out_of_range="error")
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        loss(images(1) * 1.5, images(2))


def test_a_target_out_of_range_is_always_an_error() -> None:
    loss = LOSSES["msds"]()
    with pytest.raises(InputError, match=r"\(x \+ 1\) / 2"):
        loss(images(1), images(2) * 2 - 1)
    with pytest.raises(InputError, match=r"\(x \+ 1\) / 2"):
        loss.encode(images(2) * 2 - 1)


def test_a_diverged_network_gives_a_loss_that_is_not_a_number() -> None:
    prediction = images(1)
    prediction[0, 0, 0, 0] = torch.nan
    assert LOSSES["msds"]()(prediction, images(2)).isnan()


@pytest.mark.parametrize("option", ["reduction", "out_of_range"])
def test_unknown_options_are_refused(option: str) -> None:
    with pytest.raises(InputError, match=f"Unknown {option} 'average'"):
        LOSSES["msds"](**{option: "average"})


def test_an_encoded_target_gives_the_same_loss_and_gradient(
    make: Callable[..., SimilarityLoss],
) -> None:
    loss, a, b = make(), images(1), images(2)
    cached = loss.encode(b)
    assert not any(g.requires_grad for g in cached.grams)
    assert torch.equal(loss(a, cached), loss(a, b))
    assert torch.equal(gradient(loss, a, cached), gradient(loss, a, b))
    torch.testing.assert_close(loss(a[1:], cached[1:]), loss(a[1:], b[1:]))


def test_the_network_inside_is_frozen_and_the_callers_metric_left_alone() -> None:
    metric = msds.MSDS(small_trunk(), levels=3)
    loss = SimilarityLoss(metric).train()
    before = metric.trunk_digest
    gradient(loss, images(1), images(2))
    assert not any(m.training for m in loss.metric.modules())
    assert all(p.grad is None and not p.requires_grad for p in loss.parameters())
    assert metric.trunk_digest == before
    assert loss.metric.trunk is metric.trunk
    with pytest.raises(InputError):
        metric(images(1) * 2, images(2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_keeps_the_loss_in_float32_and_near_its_exact_value(
    make: Callable[..., SimilarityLoss], dtype: torch.dtype
) -> None:
    loss, a, b = make(), images(1), images(2)
    exact, exact_gradient = loss(a, b), gradient(loss, a, b)
    with torch.autocast("cpu", dtype):
        found = loss(a, b)
        found_gradient = gradient(loss, a, b)
    assert found.dtype == torch.float32
    # Half a unit in the last place of bfloat16 is 2^-9; features and their products carry a few.
    torch.testing.assert_close(found, exact, rtol=0.02, atol=2e-3)
    assert torch.isfinite(found_gradient).all()
    assert torch.cosine_similarity(found_gradient.flatten(), exact_gradient.flatten(), 0) > 0.95


def test_bright_images_do_not_overflow_half_precision() -> None:
    # 2^16 positions of features near 1 make Gram entries that float16 cannot hold.
    loss = DeepSSIMLoss(small_trunk())
    a = torch.ones(1, 3, 512, 512)
    b = a.clone()
    b[..., ::2] = 0.9
    with torch.autocast("cpu", torch.float16):
        found = gradient(loss, b, a)
    assert torch.isfinite(loss(b, a))
    assert torch.isfinite(found).all()


def test_a_scaled_float16_step_trains_the_network_in_front() -> None:
    torch.manual_seed(0)
    loss, network = LOSSES["msds"](), nn.Conv2d(3, 3, 3, padding=1)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    a, b = images(1), images(2)
    losses = []
    for _ in range(8):
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.float16):
            value = loss(network(a), b)
        scaler.scale(value).backward()
        scaler.step(optimiser)
        scaler.update()
        losses.append(float(value.detach()))
    assert losses[-1] < losses[0]
    assert scaler.get_scale() >= 2.0**12  # no step was skipped for infinite gradients


def test_channels_last_images_give_the_same_loss_and_gradient(
    make: Callable[..., SimilarityLoss],
) -> None:
    loss, a, b = make(), images(1), images(2)
    a2, b2 = (x.contiguous(memory_format=torch.channels_last) for x in (a, b))
    torch.testing.assert_close(loss(a2, b2), loss(a, b))
    torch.testing.assert_close(gradient(loss, a2, b2), gradient(loss, a, b))


def bytes_kept(loss: nn.Module, prediction: Tensor, target: Tensor) -> int:
    """Bytes of all tensors that wait for the backward pass."""
    kept: dict[int, int] = {}

    def note(x: Tensor) -> Tensor:
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(note, lambda x: x):
        loss(prediction.clone().requires_grad_(), target)
    return sum(kept.values())


def test_checkpointing_keeps_less_and_gives_the_same_gradient(
    make: Callable[..., SimilarityLoss],
) -> None:
    plain, saving = make(), make(checkpoint=True)
    a, b = images(1), images(2)
    torch.testing.assert_close(gradient(saving, a, b), gradient(plain, a, b))
    assert bytes_kept(saving, a, b) < 0.3 * bytes_kept(plain, a, b)


def test_checkpointing_works_under_autocast() -> None:
    a, b = images(1), images(2)
    with torch.autocast("cpu", torch.bfloat16):
        found = [gradient(LOSSES["msds"](checkpoint=c), a, b) for c in (False, True)]
    torch.testing.assert_close(found[0], found[1])


def test_steps_after_the_first_leave_no_tensor_behind() -> None:
    loss, a, b = LOSSES["msds"](), images(1), images(2)

    def alive_after_a_step() -> int:
        gradient(loss, a, b)
        gc.collect()
        return sum(issubclass(type(thing), Tensor) for thing in gc.get_objects())

    alive_after_a_step()
    counts = {alive_after_a_step() for _ in range(3)}
    assert len(counts) == 1
    assert set(loss.state_dict()) == {f"metric.{key}" for key in loss.metric.state_dict()}


def test_a_change_of_precision_asks_for_new_encodings() -> None:
    loss = LOSSES["msds"]()
    old = loss.encode(images(2))
    with pytest.raises(InputError, match="encode the image again"):
        loss.double()(images(1).double(), old)


def test_the_metric_that_was_given_goes_its_own_way() -> None:
    metric = msds.MSDS(small_trunk(), levels=2)
    loss = SimilarityLoss(metric)
    expected = gradient(loss, images(1), images(2))
    metric.set_engine("winograd")
    assert torch.equal(gradient(loss, images(1), images(2)), expected)


def test_a_metric_and_its_loss_agree_on_the_weights_they_share() -> None:
    metric = msds.MSDS(small_trunk(), levels=2)
    before = metric.fingerprint
    loss = SimilarityLoss(metric).double()
    assert metric.fingerprint == loss.metric.fingerprint != before
    metric.compare(loss.encode(images(1).double()), metric.encode(images(1).double()))


def test_gradients_by_function_transforms_are_those_of_backward(
    make: Callable[..., SimilarityLoss],
) -> None:
    loss, a, b = make(), images(1), images(2)
    found = torch.func.grad(lambda x: loss(x, b))(a)
    torch.testing.assert_close(found, gradient(loss, a, b))


@pytest.mark.slow
def test_a_compiled_loss_is_one_graph_with_the_same_gradient() -> None:
    torch.compiler.reset()
    loss, a, b = LOSSES["msds"](), images(1), images(2)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(a, b), loss(a, b))
    torch.testing.assert_close(gradient(compiled, a, b), gradient(loss, a, b))


class Network(nn.Module):
    """A network that owns its loss, as many training scripts have it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Conv2d(3, 3, 3, padding=1)
        self.loss = LOSSES["msds"]()

    def forward(self, images: Tensor, target: Tensor) -> Tensor:
        loss: Tensor = self.loss(self.body(images), target)
        return loss


def half_the_gradient(rank: int) -> Tensor:
    network = nn.parallel.DistributedDataParallel(Network())
    part = slice(rank, None, PROCESSES)
    for _ in range(2):
        network.zero_grad()
        network(images(1, 4)[part], images(2, 4)[part]).backward()
    assert dist.get_world_size() == PROCESSES
    gradient = network.module.body.weight.grad
    assert gradient is not None
    return gradient


@pytest.mark.slow
def test_two_processes_train_as_one_does_on_both_their_images() -> None:
    alone = Network()
    alone(images(1, 4), images(2, 4)).backward()
    first, second = in_two_processes(half_the_gradient)
    assert torch.equal(first, second)
    assert alone.body.weight.grad is not None
    torch.testing.assert_close(first, alone.body.weight.grad, rtol=1e-4, atol=1e-6)
