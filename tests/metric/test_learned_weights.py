"""Level weights as a parameter, and what states and files keep of them."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor, nn

from helpers.small_trunk import small_trunk
from helpers.two_processes import in_two_processes
from msds import MSDS, DeepSSIM
from msds.errors import InputError
from msds.method.fusion import free_parameters, simplex

WEIGHTS = [0.7, 0.1, 0.15, 0.05]


def metric(**options: object) -> MSDS:
    return MSDS(small_trunk(), **options)  # type: ignore[arg-type]


def images(seed: int = 0, count: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a = torch.rand(count, 3, 64, 80, generator=generator)
    return a, (a + 0.3 * torch.rand(a.shape, generator=generator)).clamp(0, 1)


@given(st.lists(st.floats(1e-3, 1), min_size=1, max_size=6))
def test_free_parameters_and_the_simplex_undo_each_other(values: list[float]) -> None:
    weights = [v / sum(values) for v in values]
    assert simplex(free_parameters(weights).double()).tolist() == pytest.approx(weights, rel=1e-5)


def test_only_the_level_weights_are_learned() -> None:
    learning = metric(learn_weights=True)
    names = [name for name, p in learning.named_parameters() if p.requires_grad]
    assert names == ["level_logits"]
    assert not any(p.requires_grad for p in metric().parameters())
    assert not learning.train().training


def test_learned_weights_score_as_the_same_numbers_do() -> None:
    a, b = images()
    scores = metric(learn_weights=True, weights=WEIGHTS)(a, b)
    assert torch.allclose(scores, metric(weights=WEIGHTS)(a, b), atol=1e-6)


@pytest.mark.parametrize("form", ["linear", "geometric"])
def test_the_gradient_of_the_weights_is_that_of_the_fused_score(form: str) -> None:
    a, b = images()
    learning = metric(learn_weights=True, weights=WEIGHTS, fusion=form).double()
    with torch.no_grad():
        levels = learning.level_scores(learning.encode(a.double()), learning.encode(b.double()))
    learning(a.double(), b.double()).sum().backward()
    assert learning.level_logits is not None
    w = torch.softmax(learning.level_logits.detach(), 0)
    # d/dp_k of sum_k w_k s_k with w = softmax(p) is w_k (s_k - fused); of the product, the same of
    # its logarithm times the product.
    values = levels if form == "linear" else levels.clamp_min(1e-4).log()
    fused = (values * w).sum(-1, keepdim=True)
    expected = w * (values - fused)
    if form == "geometric":
        expected = expected * fused.exp()
    assert learning.level_logits.grad is not None
    assert torch.allclose(learning.level_logits.grad, expected.sum(0), atol=1e-10)


def test_an_optimizer_moves_the_weight_to_the_level_that_agrees() -> None:
    a, b = images(count=6)
    learning = metric(learn_weights=True)
    with torch.no_grad():
        target = learning.level_scores(learning.encode(a), learning.encode(b))[:, 2]
    before, digest = learning.fingerprint, learning.trunk_digest
    optimizer = torch.optim.Adam([p for p in learning.parameters() if p.requires_grad], lr=0.3)
    for _ in range(60):
        optimizer.zero_grad()
        (learning(a, b) - target).square().sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    weights = learning.level_weights
    assert max(weights) == weights[2] > 0.9
    assert math.fsum(weights) == pytest.approx(1, abs=1e-12)
    assert learning.fingerprint != before
    assert learning.trunk_digest == digest
    assert "weights=" in learning.model_id


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("into_learning", [False, True])
def test_a_state_carries_the_level_weights(learned: bool, into_learning: bool) -> None:
    a, b = images()
    source = metric(weights=WEIGHTS, learn_weights=learned)
    target = metric(learn_weights=into_learning)
    assert target.load_state_dict(source.state_dict()).missing_keys == []
    assert torch.allclose(target(a, b), source(a, b), atol=1e-6)
    assert target.level_weights == pytest.approx(WEIGHTS, abs=1e-6)


@pytest.mark.parametrize("how", ["torch", "safetensors"])
def test_a_state_goes_through_files_that_hold_tensors_only(how: str) -> None:
    state = metric(weights=WEIGHTS).state_dict()
    if how == "torch":
        file = io.BytesIO()
        torch.save(state, file)
        file.seek(0)
        state = torch.load(file, weights_only=True)
    else:
        state = load(save({key: value.contiguous() for key, value in state.items()}))
    target = metric()
    target.load_state_dict(state)
    assert target.level_weights == pytest.approx(WEIGHTS)


def test_a_state_of_other_settings_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="fusion='geometric'; this one has fusion='linear'"):
        metric().load_state_dict(metric(fusion="geometric").state_dict())


def test_a_state_without_weights_keeps_those_of_the_metric_and_says_so() -> None:
    state = metric().state_dict()
    del state["_extra_state"]
    target = metric(weights=WEIGHTS)
    with pytest.warns(UserWarning, match="saved without level weights"):
        target.load_state_dict(state)
    assert target.level_weights == pytest.approx(WEIGHTS)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"weights": 3}', b"\xff", b'{"weights": [1]}'])
def test_a_damaged_state_is_one_sentence(content: bytes) -> None:
    state = metric().state_dict()
    state["_extra_state"] = torch.tensor(list(content), dtype=torch.uint8)
    with pytest.raises(InputError):
        metric().load_state_dict(state)


def test_weights_that_would_silently_stop_being_learned_are_refused() -> None:
    parameter = nn.Parameter(torch.tensor(WEIGHTS))
    with pytest.raises(InputError, match="learn_weights=True"):
        metric(weights=parameter)
    plain = metric()
    with pytest.raises(InputError, match="learn_weights=True"):
        plain.level_weights = parameter  # type: ignore[assignment]
    with pytest.raises(InputError, match="must start above 0"):
        metric(weights=[1, 0, 0, 0], learn_weights=True)


def test_set_weights_change_score_name_and_fingerprint_together() -> None:
    a, b = images()
    changed, made = metric(), metric(weights=WEIGHTS)
    changed.level_weights = tuple(WEIGHTS)
    assert torch.equal(changed(a, b), made(a, b))
    assert (changed.model_id, changed.fingerprint) == (made.model_id, made.fingerprint)
    with pytest.raises(InputError, match="sum to 1"):
        changed.level_weights = (1, 1, 1, 1)
    assert changed.level_weights == made.level_weights


def test_learned_weights_are_saved_as_numbers(tmp_path: Path) -> None:
    learning = metric(weights=WEIGHTS, learn_weights=True)
    learning.save_pretrained(tmp_path)
    loaded = MSDS.from_pretrained(tmp_path)
    assert loaded.fingerprint == learning.fingerprint
    assert loaded.level_logits is None
    written = json.loads((tmp_path / "config.json").read_text())["options"]["weights"]
    assert written == pytest.approx(WEIGHTS, abs=1e-6)


def test_fewer_levels_use_the_first_weights_scaled_to_one() -> None:
    a, b = images()
    options = {"levels": 6, "small": "fewer-levels", "weights": [0.3, 0.3, 0.1, 0.1, 0.1, 0.1]}
    learning, fixed = metric(learn_weights=True, **options), metric(**options)
    assert torch.allclose(learning(a, b), fixed(a, b), atol=1e-6)


def test_deepssim_has_no_weights_to_learn() -> None:
    with pytest.raises(TypeError):
        DeepSSIM(small_trunk(), learn_weights=True)  # type: ignore[call-arg]


def gradient_of_half(rank: int) -> Tensor:
    """Gradient of the weights in one of two processes, which has half of the pairs."""
    parallel = nn.parallel.DistributedDataParallel(metric(learn_weights=True))
    a, b = images(count=4)
    half = slice(2 * rank, 2 * rank + 2)
    parallel(a[half], b[half]).mean().backward()
    gradient: Tensor = parallel.module.level_logits.grad
    return gradient


@pytest.mark.slow
def test_processes_learn_from_the_mean_of_their_gradients() -> None:
    both = in_two_processes(gradient_of_half)
    assert torch.equal(*both)
    learning = metric(learn_weights=True)
    learning(*images(count=4)).mean().backward()  # type: ignore[no-untyped-call]
    assert learning.level_logits is not None
    assert torch.allclose(both[0], learning.level_logits.grad, atol=1e-7)  # type: ignore[arg-type]
