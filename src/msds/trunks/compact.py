"""The compact trunk: this project's own small network, shipped with the package.

How it was made: `training/`; what it can and cannot do: `docs/models/compact.md`.
"""

from __future__ import annotations

from pathlib import Path

from msds.trunks.base import Conv, Layer

COMPACT_VERSION = 0
"""Part of the model ids; raised whenever the weights, and so the scores, change. 0: provisional."""

COMPACT_WEIGHTS = Path(__file__).with_name("compact.safetensors")

COMPACT_LAYERS: tuple[Layer, ...] = (
    Conv("conv1", 24, kernel=5, stride=2),
    Conv("conv2", 48, stride=2),
    Conv("conv3", 48),
    Conv("conv4", 96, stride=2),
    Conv("conv5", 96),
    Conv("conv6", 128, stride=2),
    Conv("conv7", 128),
)
