"""Ways to run a trunk faster than the reference, at equal scores, for inference on a CPU.

One small interface: an engine is a `Trunk` that stands in for a `ChainTrunk`.
"""

from msds.engines.base import PRECISIONS, EngineTrunk
from msds.engines.choice import ENGINES, installed, open_engine

__all__ = ["ENGINES", "PRECISIONS", "EngineTrunk", "installed", "open_engine"]
