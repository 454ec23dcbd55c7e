"""A chain with every kind of layer, and images for it."""

from __future__ import annotations

import torch
from torch import Tensor

from msds.trunks import Conv, Pool

# Every kind of layer: strides, groups, three kernels, pools, and channels enough for Winograd.
MIXED = (
    Conv("a", 16, kernel=5, stride=2),
    Conv("b", 16, groups=16),
    Conv("c", 128, kernel=1),
    Pool(),
    Conv("d", 256),
    Pool(),
    Conv("e", 128),
    Conv("f", 64, stride=2),
)


def pair(height: int, width: int) -> Tensor:
    """A random image, and the same with noise."""
    image, noise = torch.rand(
        2, 1, 3, height, width, generator=torch.Generator().manual_seed(height)
    )
    return torch.cat([image, (image + 0.1 * noise).clamp(0, 1)])
