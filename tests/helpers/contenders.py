"""Metrics to be studied that need no weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msds.metric import MSDS
from msds.scoring.contenders import DeepContender
from msds.trunks import load_trunk

if TYPE_CHECKING:
    from msds.method.pyramid import Filter


def deep(levels: int = 3, pyramid_filter: Filter = "average") -> DeepContender:
    """MSDS on a small trunk of random weights, named after its filter."""
    trunk = load_trunk("compact", "random")
    metric = MSDS(trunk, levels=levels, filter=pyramid_filter)
    return DeepContender(metric, f"deep {pyramid_filter}")
