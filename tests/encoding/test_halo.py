"""The halo of a chain, against the extent of the gradient of one feature position."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from msds.trunks import ChainTrunk, Conv, Pool, load_trunk
from msds.trunks.layers import Layer, expected_shapes


def seen_rows(layers: tuple[Layer, ...], stride: int, cells: int) -> tuple[int, int]:
    """First and last input row, from the first of its own, that the middle feature row sees.

    All weights are positive, so no influence cancels, and the chain is run as the trunk runs it
    with its max pools turned into means, which pass their gradient on to every input.
    """
    x = torch.zeros(1, 3, cells * stride, stride, dtype=torch.float64, requires_grad=True)
    y = x
    for layer in layers:
        if isinstance(layer, Pool):
            y = torch.nn.functional.avg_pool2d(y, layer.kernel, layer.stride)
        else:
            shape = (layer.channels, y.shape[1] // layer.groups, layer.kernel, layer.kernel)
            weight = torch.full(shape, 0.01, dtype=torch.float64)
            y = torch.nn.functional.conv2d(
                y, weight, None, layer.stride, layer.padding, groups=layer.groups
            )
    middle = cells // 2
    y[0, :, middle].sum().backward()
    assert x.grad is not None
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    return int(rows[0]) - middle * stride, int(rows[-1]) - middle * stride


def check(layers: tuple[Layer, ...]) -> None:
    weights = {k: torch.ones(s) for k, s in expected_shapes(layers).items()}
    trunk = ChainTrunk("any", layers, weights)
    assert trunk.halo is not None
    cells = 2 * (trunk.halo // trunk.stride) + 9
    first, last = seen_rows(layers, trunk.stride, cells)
    reach = max(0, -first, last - (trunk.stride - 1))
    assert reach <= trunk.halo < reach + trunk.stride


@pytest.mark.parametrize("name", ["vgg16", "vgg16:relu3_2", "vgg19", "compact"])
def test_the_halo_of_our_trunks_is_what_a_feature_sees_and_no_stride_more(name: str) -> None:
    check(load_trunk(name, "random").layers)


def test_the_halo_of_vgg16_is_64_pixels() -> None:
    """Found by trial in float64 for the published network: 4 positions suffice, 3 do not."""
    assert load_trunk("vgg16", "random").halo == 64


CONV = st.tuples(st.integers(1, 7), st.integers(1, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), CONV), min_size=1, max_size=4))
def test_the_halo_of_any_chain_is_what_a_feature_sees(drawn: list[tuple[int, int] | None]) -> None:
    layers: list[Layer] = [Conv("first", 4, 3)]
    for i, item in enumerate(drawn):
        layers.append(Pool() if item is None else Conv(f"c{i}", 4, *item))
    check(tuple(layers))
