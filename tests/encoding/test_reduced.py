"""An image seen smaller, and bytes seen as floats, piece by piece."""

from __future__ import annotations

import pytest
import torch

from msds.encoding.reduced import Reduced
from msds.encoding.streamed import TensorRegions
from msds.method.pyramid import pyramid


@pytest.mark.parametrize("levels", [2, 3])
def test_powers_of_two_are_levels_of_the_pyramid(levels: int) -> None:
    image = torch.rand(3, 45, 70, generator=torch.Generator().manual_seed(0))
    expected = pyramid(image[None], levels, "average")[-1][0]
    smaller = Reduced(TensorRegions(image), 2 ** (levels - 1))
    assert (smaller.height, smaller.width) == tuple(expected.shape[1:])
    torch.testing.assert_close(smaller.read(0, 0, smaller.width, smaller.height), expected)
    torch.testing.assert_close(smaller.read(2, 1, 9, 7), expected[:, 1:7, 2:9])


def test_bytes_become_the_floats_that_they_stand_for() -> None:
    codes = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).expand(3, 16, 16)
    seen = Reduced(TensorRegions(codes), 1)
    assert torch.equal(seen.read(0, 0, 16, 16), codes.float() / 255)
    assert Reduced(TensorRegions(codes), 5).read(0, 0, 3, 3).dtype == torch.float32
