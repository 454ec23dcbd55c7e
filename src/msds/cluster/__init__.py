"""Beyond one machine: the engine on Ray, one process a worker, each block of pairs a file.

`run_manifest` is what `msds score --cluster` calls: it plans (`plan`), has workers (`workers`)
score blocks in processes of their own (`isolated`, `child`), and counts (`parts`). `score` is for
those who have a Ray dataset. Names are imported when they are first used: workers need no torch,
which the processes that score for them have.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msds.cluster.dataset import score
    from msds.cluster.follower import Follower
    from msds.cluster.run import ClusterReport, run_manifest
    from msds.cluster.workers import Workers

_HOMES = {
    "ClusterReport": "run",
    "Follower": "follower",
    "Workers": "workers",
    "run_manifest": "run",
    "score": "dataset",
}

__all__ = ["ClusterReport", "Follower", "Workers", "run_manifest", "score"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'msds.cluster' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"msds.cluster.{home}"), name)
    globals()[name] = value
    return value
