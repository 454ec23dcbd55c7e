"""MSDS: deep structural similarity with multiscale representation, a full-reference image metric.

Names are imported when they are first used, so that `import msds` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from msds.version import __version__ as __version__

if TYPE_CHECKING:
    from msds.errors import InputError, MissingExtraError, MSDSError, WeightsError
    from msds.images import load_image
    from msds.metric.loss import DeepSSIMLiteLoss, DeepSSIMLoss, MSDSLoss
    from msds.metric.maps import QualityMap
    from msds.metric.modules import MSDS, DeepSSIM, DeepSSIMLite, Encoding
    from msds.models import load_model
    from msds.scoring import Score, score
    from msds.scoring.maps import map_pair

_HOMES = {
    "MSDS": "metric",
    "DeepSSIM": "metric",
    "DeepSSIMLite": "metric",
    "Encoding": "encoding",
    "MSDSLoss": "metric.loss",
    "DeepSSIMLoss": "metric.loss",
    "DeepSSIMLiteLoss": "metric.loss",
    "load_model": "models",
    "load_image": "images",
    "Score": "scoring",
    "score": "scoring",
    "map_pair": "scoring.maps",
    "QualityMap": "metric.maps",
    "InputError": "errors",
    "MSDSError": "errors",
    "MissingExtraError": "errors",
    "WeightsError": "errors",
}

__all__ = [
    "DeepSSIM",
    "DeepSSIMLite",
    "DeepSSIMLiteLoss",
    "DeepSSIMLoss",
    "Encoding",
    "InputError",
    "MSDS",
    "MSDSError",
    "MSDSLoss",
    "MissingExtraError",
    "QualityMap",
    "Score",
    "WeightsError",
    "__version__",
    "load_image",
    "load_model",
    "map_pair",
    "score",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'msds' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"msds.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
