"""What a trunk answers for: its rows, its memory, its device, and what it stands in for."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from helpers.small_trunk import small_trunk
from msds.engines import open_engine
from msds.errors import InputError
from msds.trunks import ChainTrunk, Conv, ModuleTrunk, Pool, Trunk
from msds.trunks.layers import output_size, random_weights, rows_seen, run_layer, widest_map

LAYERS = (Conv("a", 8, kernel=5, stride=2), Pool(), Conv("b", 16), Conv("c", 16, kernel=1))


class Doubled(ChainTrunk):
    """A subclass that does more than its layers."""

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        return 2 * super().forward(images, mask)


def trunks() -> list[Trunk]:
    """One of each kind, all of which know how far they see."""
    chain = ChainTrunk("chain", LAYERS, random_weights(LAYERS, 3))
    doubled = Doubled("doubled", LAYERS, random_weights(LAYERS, 3))
    module = ModuleTrunk(nn.Conv2d(3, 8, 5, 2, 2), "mine")
    module.halo = 2
    return [chain, doubled, module, open_engine(chain, "winograd")]


def streamed(trunk: Trunk, images: Tensor, step: int) -> Tensor:
    """Features from rows handed over `step` at a time."""
    rows = trunk.rows()
    height = images.shape[-2]
    parts = [
        rows.push(images[..., y : y + step, :], y + step >= height) for y in range(0, height, step)
    ]
    return torch.cat([part for part in parts if part is not None], -2)


@pytest.mark.parametrize("step", [1, 7, 32, 100])
@pytest.mark.parametrize("kind", range(4))
def test_the_rows_of_a_trunk_together_are_the_features_of_the_whole_image(
    kind: int, step: int
) -> None:
    trunk = trunks()[kind].double() if kind < 3 else trunks()[kind]
    images = torch.rand(2, 3, 67, 41, generator=torch.Generator().manual_seed(step))
    images = images.to(trunk._parameter.dtype)
    expected = trunk(images)
    tolerance = 1e-12 if kind < 3 else 1e-4
    found = streamed(trunk, images, step)
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


def test_only_layers_that_are_known_stream_without_overlap() -> None:
    assert [trunk.streams for trunk in trunks()] == [True, False, False, False]


def test_an_engine_stands_in_for_its_chain_and_a_module_has_none() -> None:
    chain, doubled, module, engine = trunks()
    assert chain.reference_chain is chain
    assert not chain.stands_in
    assert engine.stands_in
    assert engine.reference_chain is not None
    assert engine.reference_chain.parameter_digest() == chain.parameter_digest()
    assert module.reference_chain is doubled.reference_chain is None
    with pytest.raises(InputError, match="not a chain of layers"):
        open_engine(doubled, "winograd")


def test_a_trunk_says_where_it_is_and_what_computes_it() -> None:
    trunk = small_trunk()
    assert trunk.device == torch.device("cpu")
    assert trunk.description == f"torch float32 (torch {torch.__version__})"
    assert copy.deepcopy(trunk).double().description.startswith("torch float64 (")
    assert copy.deepcopy(trunk).to("meta").device == torch.device("meta")
    lower = open_engine(trunk, "torch", "bfloat16")
    assert lower.description == f"torch bfloat16 (torch {torch.__version__})"


def test_working_memory_is_that_of_the_widest_map() -> None:
    # 8 maps at half the side, then 16 at a quarter: the image's own 3 are the widest.
    assert widest_map(LAYERS) == 3
    wide = (Conv("a", 64), Conv("b", 64), Pool(), Conv("c", 128))
    trunk = ChainTrunk("wide", wide, random_weights(wide))
    assert trunk.bytes_per_pixel() == 4 * 64 * 4
    assert trunk.double().bytes_per_pixel() == 4 * 64 * 8
    # The first layers pass in bands, so 128 maps at half the side are the widest, twice.
    assert open_engine(trunk.float(), "winograd").bytes_per_pixel() == 2 * 32 * 4
    assert ModuleTrunk(nn.Conv2d(3, 8, 3), "mine").bytes_per_pixel() == 4 * 64 * 4


@pytest.mark.parametrize("layer", [Conv("a", 4, 5, 2), Conv("a", 4, 1, 3), Conv("a", 4), Pool()])
def test_the_geometry_of_a_layer_is_that_of_its_maps(layer: Conv | Pool) -> None:
    channels = layer.channels if isinstance(layer, Conv) else 3
    weights = None
    if isinstance(layer, Conv):
        weights = (torch.ones(channels, 3, layer.kernel, layer.kernel), torch.zeros(channels))
    x = torch.rand(1, 3, 24, 31)
    whole = run_layer(layer, x, weights)
    assert whole.shape == (1, channels, output_size(layer, 24), output_size(layer, 31))
    # Rows 3 to 5 of the result, from no more than the input rows they see.
    start, stop = rows_seen(layer, 3, 6)
    part = run_layer(layer, x[..., start:stop, :], weights, padded_rows=False)
    torch.testing.assert_close(part, whole[..., 3:6, :])
