"""Ways to run a trunk faster than the reference, at equal scores, for inference on a CPU.

One small interface: an engine is a `Trunk` that stands in for a `ChainTrunk`.
"""

from msds.engines.base import PRECISIONS, EngineTrunk, Precision
from msds.engines.choice import ENGINES, Engine, installed, open_engine

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "Engine",
    "EngineTrunk",
    "Precision",
    "installed",
    "open_engine",
]
