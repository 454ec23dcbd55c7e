"""Networks read at five depths: the ReLUs of VGG16 and AlexNet that the rivals compare.

A table names every convolution's stride and padding and where pools stand; how a map is made
smaller is the rival's own (LPIPS keeps the max pools, DISTS has others).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from msds.errors import InputError
from msds.scoring.rivals.files import Arrays

Pooling = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Stage:
    """Convolutions with ReLUs whose last map is compared.

    Attributes
    ----------
    convolutions : how many.
    pooled : whether the map of the stage before is made smaller first.
    stride, padding : of each of the convolutions.
    """

    convolutions: int
    pooled: bool = True
    stride: int = 1
    padding: int = 1


@dataclass(frozen=True)
class Network:
    """A published network up to the last ReLU that is compared.

    Attributes
    ----------
    file : key of its file in `msds.trunks.weights.packages.PACKAGE_FILES`.
    root : what its convolutions are called in the file, before "/Conv_0".
    stages : in order.
    pool : side of its max pools; their stride is 2.
    least : pixels a side of the smallest image whose last map is not empty, with those pools.
    """

    file: str
    root: str
    stages: tuple[Stage, ...]
    pool: int
    least: int


VGG16 = Network(
    "vgg16",
    "VGG16_0",
    (Stage(2, pooled=False), Stage(2), Stage(3), Stage(3), Stage(3)),
    pool=2,
    least=16,
)
"""relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3."""

ALEXNET = Network(
    "alexnet",
    "AlexNet_0",
    (
        Stage(1, pooled=False, stride=4, padding=2),
        Stage(1, padding=2),
        Stage(1),
        Stage(1, pooled=False),
        Stage(1, pooled=False),
    ),
    pool=3,
    least=31,
)
"""All five ReLUs, of the network as torchvision has it (Krizhevsky, 2014)."""


class Taps:
    """A network with its weights, on a device.

    Parameters
    ----------
    network : its table.
    arrays : of its file; kernels lie there as (h, w, in, out).
    device : where the weights are.
    pooling : what makes maps smaller instead of the network's max pools.
    """

    def __init__(
        self,
        network: Network,
        arrays: Arrays,
        device: torch.device | str,
        pooling: Pooling | None = None,
    ) -> None:
        self.network = network
        self.pooling: Pooling = pooling or self._max_pool
        self.weights: list[tuple[Tensor, Tensor]] = [
            (_kernel(arrays[f"{name}/kernel"]).to(device), arrays[f"{name}/bias"].to(device))
            for name in (
                f"{network.root}/Conv_{k}"
                for k in range(sum(stage.convolutions for stage in network.stages))
            )
        ]

    def __call__(self, x: Tensor) -> list[Tensor]:
        """One (N, C, H, W) map per stage, of (N, 3, H, W) images as the network wants them."""
        found = []
        weights = iter(self.weights)
        for stage in self.network.stages:
            x = self.pooling(x) if stage.pooled else x
            for _ in range(stage.convolutions):
                x = F.relu_(F.conv2d(x, *next(weights), stage.stride, stage.padding))
            found.append(x)
        return found

    def _max_pool(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, self.network.pool, 2)


def _kernel(stored: Tensor) -> Tensor:
    return stored.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)


def per_channel(values: Sequence[float], like: Tensor) -> Tensor:
    """Numbers of the colour channels, to be combined with (N, 3, H, W) images."""
    return like.new_tensor(values).view(3, 1, 1)


def check_least(image: Tensor, least: int, name: str) -> None:
    """Raise `InputError` for a (3, H, W) image too small for the network's last map."""
    height, width = image.shape[-2:]
    if min(height, width) < least:
        raise InputError(
            f"{name} needs images of at least {least} pixels a side; got {width} x {height}."
        )
