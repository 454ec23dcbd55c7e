"""The compact trunk: this project's own small network, shipped with the package.

How it was made: `training/`; what it can and cannot do: `docs/models/compact.md`.
"""

from __future__ import annotations

from pathlib import Path

from msds.trunks.layers import Conv, Layer

COMPACT_VERSION = 3
"""Part of the model ids; raised whenever the weights, and so the scores, change."""

COMPACT_WEIGHTS = Path(__file__).with_name("compact.safetensors")

COMPACT_SHA256 = "f7f01833454d0a735364d63ecb1c83d27d6d39043c499eba9e68772819596eba"
"""Of that file: with one bit changed the scores would change under the same model id."""

COMPACT_LAYERS: tuple[Layer, ...] = (
    Conv("conv1", 16, kernel=5, stride=2),
    Conv("conv2", 32, stride=2),
    Conv("conv3", 64, stride=2),
    Conv("conv4", 64),
    Conv("conv5", 64),
    Conv("conv6", 160, stride=2),
    Conv("conv7", 160),
    Conv("conv8", 160),
    Conv("conv9", 192, kernel=1),
)
