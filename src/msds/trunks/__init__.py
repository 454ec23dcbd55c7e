"""Networks that turn images into feature maps: tables, weights, and the registry of names."""

from msds.trunks.base import ChainTrunk, Conv, ModuleTrunk, Pool, Trunk
from msds.trunks.registry import TRUNKS, load_trunk

__all__ = ["TRUNKS", "ChainTrunk", "Conv", "ModuleTrunk", "Pool", "Trunk", "load_trunk"]
