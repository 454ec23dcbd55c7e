"""Choosing when to tile and how large."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from msds.encoding.plan import MIB, Tile, choose_tile, default_budget, should_tile
from msds.errors import InputError
from msds.trunks import ChainTrunk, Conv, ModuleTrunk, load_trunk
from msds.trunks.layers import random_weights


def test_vgg_needs_most_memory_for_its_64_maps_of_full_size() -> None:
    trunk = load_trunk("vgg16", "random")
    assert trunk.bytes_per_pixel() == 4 * 64 * 4
    assert trunk.double().bytes_per_pixel() == 2 * 4 * 64 * 4


def test_maps_behind_a_stride_weigh_less() -> None:
    layers = (Conv("a", 24, 5, 2), Conv("b", 48, 3, 2))
    trunk = ChainTrunk("small", layers, random_weights(layers))
    assert trunk.bytes_per_pixel() == 4 * 24 / 4 * 4


def test_small_images_are_not_tiled_and_large_ones_are() -> None:
    trunk = load_trunk("vgg16", "random")
    assert not should_tile(384, 512, trunk)
    assert should_tile(4320, 7680, trunk)
    assert should_tile(384, 512, trunk, budget=64 * MIB)
    assert not should_tile(4320, 7680, trunk, budget=64_000 * MIB)


def test_trunks_of_unknown_reach_are_never_tiled() -> None:
    trunk = ModuleTrunk(nn.Conv2d(3, 8, 3, 2, 1), name="mine")
    assert not should_tile(100_000, 100_000, trunk)


@pytest.mark.parametrize("name", ["vgg16", "compact"])
@pytest.mark.parametrize("width", [16, 1000, 7680, 16384, 200_000])
@pytest.mark.parametrize("budget", [64, 256, 1024])
def test_a_tile_with_its_halo_keeps_to_the_budget(name: str, width: int, budget: int) -> None:
    trunk = load_trunk(name, "random")
    tile = choose_tile(width, trunk, budget * MIB)
    assert trunk.halo is not None
    columns = min(width, tile.columns + 2 * trunk.halo)
    assert tile.rows * columns * trunk.bytes_per_pixel() <= budget * MIB
    assert tile.columns <= width


def test_trunks_known_by_their_halo_get_square_tiles_within_the_budget() -> None:
    trunk = ModuleTrunk(nn.Conv2d(3, 8, 3, 2, 1), name="mine")
    trunk.halo = 64
    tile = choose_tile(5000, trunk, 256 * MIB)
    assert tile.rows == tile.columns
    side = tile.rows + 2 * trunk.halo
    assert (
        side**2 * trunk.bytes_per_pixel() <= 256 * MIB < (side + 1) ** 2 * trunk.bytes_per_pixel()
    )


def test_a_budget_too_small_for_anything_yields_the_least_sensible_tile() -> None:
    trunk = load_trunk("vgg16", "random")
    assert choose_tile(5000, trunk, 1) == Tile(32, 128)


def test_accelerators_get_larger_pieces() -> None:
    assert default_budget(torch.device("cuda")) > default_budget(torch.device("cpu"))


@pytest.mark.parametrize(("rows", "columns"), [(0, 16), (16, 0), (-1, 5)])
def test_empty_tiles_are_refused(rows: int, columns: int) -> None:
    with pytest.raises(InputError, match="at least 1 x 1"):
        Tile(rows, columns)
