"""Networks that turn images into feature maps: tables, weights, and the registry of names.

Names are imported when they are first used: looking for weight files does not need torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msds.trunks.base import ChainTrunk, Conv, ModuleTrunk, Pool, Trunk
    from msds.trunks.registry import TRUNKS, load_trunk

__all__ = ["TRUNKS", "ChainTrunk", "Conv", "ModuleTrunk", "Pool", "Trunk", "load_trunk"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'msds.trunks' has no attribute {name!r}")
    home = "registry" if name in ("TRUNKS", "load_trunk") else "base"
    value = getattr(importlib.import_module(f"msds.trunks.{home}"), name)
    globals()[name] = value
    return value
