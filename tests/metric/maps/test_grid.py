"""Where positions look: against gradients, and interpolation against torch's."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from msds.method.pyramid import pyramid
from msds.metric.maps.grid import interpolate, level_origin, seen_centre
from msds.trunks import ChainTrunk, Conv, ModuleTrunk, Pool
from msds.trunks.layers import Layer, random_weights

CHAINS: dict[str, tuple[Layer, ...]] = {
    "strided": (Conv("a", 4, kernel=5, stride=2), Conv("b", 4, stride=2), Conv("c", 4)),
    "pooled": (Conv("a", 4), Pool(), Conv("b", 4), Pool(), Conv("c", 4)),
    "mixed": (Conv("a", 4, stride=2), Pool(), Conv("b", 4)),
}


def middle_of_what_is_seen(trunk: ChainTrunk, levels: int, filter: str) -> float:
    """Position of the first cell, from the pixels that a cell's gradient reaches."""
    index, spacing = 6, trunk.stride << (levels - 1)
    size = 16 * spacing
    seen = []
    for start in range(8):  # a max pool passes the gradient to one of its pixels
        image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(start))
        image.requires_grad_()
        trunk(pyramid(image, levels, filter)[-1])[0, :, index, index].sum().backward()
        assert image.grad is not None
        seen.append(image.grad.abs().sum((0, 1, 3)) > 0)
    rows = torch.stack(seen).any(0).nonzero()
    return (int(rows.min()) + int(rows.max())) / 2 - index * spacing


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("filter", ["average", "gaussian"])
def test_a_position_lies_amid_the_pixels_it_sees(chain: str, levels: int, filter: str) -> None:
    layers = CHAINS[chain]
    trunk = ChainTrunk(chain, layers, random_weights(layers))
    origin = level_origin(seen_centre(trunk), levels - 1, filter)
    assert origin == pytest.approx(middle_of_what_is_seen(trunk, levels, filter), abs=1.0)


def test_positions_of_a_module_whose_layers_are_not_known_lie_in_the_middle() -> None:
    trunk = ModuleTrunk(torch.nn.Conv2d(3, 4, 8, 8), "own")
    assert seen_centre(trunk) == 3.5


def test_between_positions_amid_their_pixels_values_are_torchs_bilinear_ones() -> None:
    values = torch.rand(5, 7, generator=torch.Generator().manual_seed(0))
    expected = F.interpolate(values[None, None], scale_factor=4, mode="bilinear")[0, 0]
    found = interpolate(values, 1.5, 4.0, (0, 20), 28)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(
        interpolate(values, 1.5, 4.0, (7, 12), 28), expected[7:12], atol=1e-6, rtol=0
    )


def test_beyond_the_outermost_positions_values_go_on_as_they_are() -> None:
    found = interpolate(torch.tensor([[1.0, 3.0]]), 0.0, 2.0, (0, 3), 6)
    expected = torch.tensor([1.0, 2.0, 3.0, 3.0, 3.0, 3.0])
    torch.testing.assert_close(found, expected.expand(3, 6))
