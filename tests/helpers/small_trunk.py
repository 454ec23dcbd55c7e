"""A trunk of a few hundred parameters, for tests that need no particular features."""

from __future__ import annotations

from msds.trunks import ChainTrunk
from msds.trunks.layers import Conv, Pool, random_weights

LAYERS = (Conv("first", 8), Pool(), Conv("second", 16))


def small_trunk(seed: int = 0) -> ChainTrunk:
    """Sixteen channels at half the size, with random weights."""
    return ChainTrunk("small", LAYERS, random_weights(LAYERS, seed))
