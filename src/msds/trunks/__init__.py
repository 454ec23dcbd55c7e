"""Networks that turn images into feature maps: tables, weights, and the registry of names.

Names are imported when they are first used: looking for weight files does not need torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msds.trunks.base import Trunk
    from msds.trunks.chain import ChainTrunk
    from msds.trunks.layers import Conv, Pool
    from msds.trunks.module import ModuleTrunk
    from msds.trunks.registry import TRUNKS, load_trunk

_HOMES = {
    "Trunk": "base",
    "ChainTrunk": "chain",
    "Conv": "layers",
    "Pool": "layers",
    "ModuleTrunk": "module",
    "TRUNKS": "registry",
    "load_trunk": "registry",
}

__all__ = ["TRUNKS", "ChainTrunk", "Conv", "ModuleTrunk", "Pool", "Trunk", "load_trunk"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'msds.trunks' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"msds.trunks.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
