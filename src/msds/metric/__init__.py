"""The metrics as modules and losses, how they are saved, and saliency masks."""

from msds.encoding import Encoding
from msds.metric.modules import MSDS, DeepSSIM, DeepSSIMLite

__all__ = ["MSDS", "DeepSSIM", "DeepSSIMLite", "Encoding"]
