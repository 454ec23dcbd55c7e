"""What torch does with functions, and tensors that are no plain grids, done to the metric."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from helpers.small_trunk import small_trunk
from msds import MSDS, load_image
from msds.errors import InputError


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS(small_trunk(), levels=2)


def image(seed: int, count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 + 0.8 * torch.rand(count, 3, 24, 24, generator=generator)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_traced_metric_scores_other_images_as_the_metric_does(metric: MSDS) -> None:
    traced = torch.jit.trace(metric, (image(1), image(2)))
    pair = image(3), image(4)
    torch.testing.assert_close(traced(*pair), metric(*pair))


def test_the_tangent_of_forward_mode_is_the_slope_of_the_score(metric: MSDS) -> None:
    a, b, direction = image(1), image(2), image(5) - 0.5
    _, tangent = torch.func.jvp(lambda x: metric(a, x), (b,), (direction,))
    with forward_ad.dual_level():
        dual = metric(a, forward_ad.make_dual(b, direction))
        also = forward_ad.unpack_dual(dual).tangent
    asked = b.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(metric(a, asked).sum(), asked)
    expected = (gradient * direction).sum()[None]
    torch.testing.assert_close(tangent, expected, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(also, expected, rtol=1e-3, atol=1e-5)


def test_vmap_is_refused_in_a_sentence(metric: MSDS) -> None:
    each = torch.func.vmap(lambda a, b: metric(a[None], b[None])[0])
    with pytest.raises(InputError, match=r"call the metric itself with a \(N, 3, H, W\) batch"):
        each(image(1, 2), image(2, 2))


SPECIAL: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "sparse": (lambda x: x.to_sparse(), "sparse_coo"),
    "nested": (lambda x: torch.nested.nested_tensor([x[0], x[0]]), "nested"),
    "jagged": (
        lambda x: torch.nested.nested_tensor([x[0], x[0]], layout=torch.jagged),
        "nested",
    ),
    "meta": (lambda x: x.to("meta"), "'meta', which holds no numbers"),
    "float8": (lambda x: x.to(torch.float8_e4m3fn), "float8_e4m3fn"),
}


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("kind", SPECIAL)
def test_tensors_that_are_no_plain_grid_are_refused_in_a_sentence(kind: str, metric: MSDS) -> None:
    make, message = SPECIAL[kind]
    for call in (lambda x: metric(x, x), load_image):
        with pytest.raises(InputError, match=message) as error:
            call(make(image(1)))
        assert "\n" not in str(error.value)
