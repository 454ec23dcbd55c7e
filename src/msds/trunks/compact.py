"""The compact trunk: this project's own small network, shipped with the package.

How it was made: `training/`; what it can and cannot do: `docs/models/compact.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msds.trunks.layers import Conv, Layer

COMPACT_VERSION = 3
"""That of the trunk called `compact`, and part of the model ids."""


@dataclass(frozen=True)
class Compact:
    """One version of the trunk. Its weights never change: others are another version.

    Attributes
    ----------
    layers : its table.
    weights : the file that ships with the package, in float16.
    sha256 : of that file: with one bit changed the scores would change under the same model id.
    """

    layers: tuple[Layer, ...]
    weights: Path
    sha256: str


VERSIONS = {
    3: Compact(
        layers=(
            Conv("conv1", 16, kernel=5, stride=2),
            Conv("conv2", 32, stride=2),
            Conv("conv3", 64, stride=2),
            Conv("conv4", 64),
            Conv("conv5", 64),
            Conv("conv6", 160, stride=2),
            Conv("conv7", 160),
            Conv("conv8", 160),
            Conv("conv9", 192, kernel=1),
        ),
        weights=Path(__file__).with_name("compact.safetensors"),
        sha256="f7f01833454d0a735364d63ecb1c83d27d6d39043c499eba9e68772819596eba",
    ),
    4: Compact(
        layers=(
            Conv("conv1", 16, kernel=5, stride=2),
            Conv("conv2", 32, stride=2),
            Conv("conv3", 64, stride=2),
            Conv("conv4", 64),
            Conv("conv5", 128, stride=2),
            Conv("conv6", 160),
            Conv("conv7", 160, kernel=1),
        ),
        weights=Path(__file__).with_name("compact-v4.safetensors"),
        sha256="60fed850b2476c3c4ce63bf91e40724d26d682e6fd11f8025f8c29ee76864c6c",
    ),
}

COMPACT_LAYERS = VERSIONS[COMPACT_VERSION].layers
COMPACT_WEIGHTS = VERSIONS[COMPACT_VERSION].weights
COMPACT_NAMES = {"compact": COMPACT_VERSION, **{f"compact-v{v}": v for v in VERSIONS}}
"""The version that each name which `load_trunk` knows stands for."""
