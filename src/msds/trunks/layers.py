"""Layers of a chain as rows of a table, and what follows from the table: shapes, reach, cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from msds.errors import WeightsError


@dataclass(frozen=True)
class Conv:
    """A convolution with zero padding kernel // 2, followed by a ReLU."""

    name: str
    channels: int
    kernel: int = 3
    stride: int = 1
    groups: int = 1

    @property
    def padding(self) -> int:
        """Zeros on each side of the map."""
        return self.kernel // 2


@dataclass(frozen=True)
class Pool:
    """A max pool, 2 x 2 of stride 2 by default; an odd last row or column is dropped."""

    kernel: int = 2
    stride: int = 2
    padding: ClassVar[int] = 0


Layer = Conv | Pool

Weights = tuple[Tensor, Tensor]
"""The kernel (out, in / groups, k, k) of a convolution and its bias (out,)."""


def run_layer(
    layer: Layer, x: Tensor, weights: Weights | None, *, padded_rows: bool = True
) -> Tensor:
    """The maps that a layer makes of (N, C, H, W) maps.

    Parameters
    ----------
    weights : of a convolution; a pool has none.
    padded_rows : whether zeros stand above and below the rows, as at an image's border, and not
        at its sides alone.
    """
    if isinstance(layer, Pool):
        return F.max_pool2d(x, layer.kernel, layer.stride)
    if weights is None:
        raise ValueError(f"The convolution {layer.name} needs weights.")
    padding = (layer.padding if padded_rows else 0, layer.padding)
    # In place: a new map costs more time than its ReLU, and no gradient needs the old one.
    return F.relu_(F.conv2d(x, *weights, layer.stride, padding, groups=layer.groups))


def output_size(layer: Layer, size: int) -> int:
    """Rows, or columns, of the map that a layer makes of so many."""
    return (size + 2 * layer.padding - layer.kernel) // layer.stride + 1


def rows_seen(layer: Layer, first: int, last: int) -> tuple[int, int]:
    """Input rows, beyond the image too, that output rows from `first` to before `last` see."""
    start = first * layer.stride - layer.padding
    return start, (last - 1) * layer.stride - layer.padding + layer.kernel


def chain_stride(layers: Sequence[Layer]) -> int:
    """Input pixels per position of a chain's features, along one side."""
    return math.prod(layer.stride for layer in layers)


def chain_halo(layers: Sequence[Layer]) -> int:
    """Pixels around a tile that its features depend on, rounded up to the stride.

    Follows one output cell back to the input rows it sees, beyond its own `stride` rows.
    """
    first, last = 0, 1
    for layer in reversed(layers):
        first, last = rows_seen(layer, first, last)
    stride = chain_stride(layers)
    reach = max(-first, last - stride)
    return math.ceil(reach / stride) * stride


def widest_map(layers: Sequence[Layer], start: int = 0) -> float:
    """Values per input pixel of the largest map, the image among them.

    Parameters
    ----------
    start : how many layers' maps are never in memory as a whole, but for the last one's result.
    """
    widest, channels, area = 3.0, 3, 1.0
    for count, layer in enumerate(layers, start=1):
        area /= layer.stride**2
        channels = layer.channels if isinstance(layer, Conv) else channels
        if count >= start:
            widest = max(widest, channels * area)
    return widest


def expected_shapes(layers: Sequence[Layer]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors a table of layers needs."""
    shapes: dict[str, tuple[int, ...]] = {}
    inputs = 3
    for layer in layers:
        if isinstance(layer, Conv):
            kernel = (layer.kernel, layer.kernel)
            shapes[f"{layer.name}.weight"] = (layer.channels, inputs // layer.groups, *kernel)
            shapes[f"{layer.name}.bias"] = (layer.channels,)
            inputs = layer.channels
    return shapes


def check_tensors(
    name: str, expected: Mapping[str, tuple[int, ...]], found: Mapping[str, Tensor]
) -> None:
    """Raise `WeightsError` unless `found` is exactly what is expected, and finite."""
    missing = sorted(expected.keys() - found.keys())
    unexpected = sorted(found.keys() - expected.keys())
    if missing or unexpected:
        raise WeightsError(
            f"Weights of trunk {name!r} do not fit: missing {missing or 'nothing'}, "
            f"unexpected {unexpected or 'nothing'}."
        )
    for key, shape in expected.items():
        if tuple(found[key].shape) != shape:
            raise WeightsError(
                f"Weights of trunk {name!r} do not fit: {key} is {tuple(found[key].shape)}, "
                f"expected {shape}."
            )
        if not torch.isfinite(found[key]).all():
            raise WeightsError(f"Weights of trunk {name!r} are damaged: {key} is not finite.")


def multiply_accumulates(layers: Sequence[Layer], height: int, width: int) -> int:
    """Multiply-accumulate operations of a chain's convolutions on one image of this size."""
    total, inputs = 0, 3
    for layer in layers:
        height, width = output_size(layer, height), output_size(layer, width)
        if isinstance(layer, Conv):
            total += height * width * layer.channels * inputs // layer.groups * layer.kernel**2
            inputs = layer.channels
    return total


def random_weights(layers: Sequence[Layer], seed: int = 0) -> dict[str, Tensor]:
    """He-initialised weights for a table of layers: for speed and tests, never for scores."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for key, shape in expected_shapes(layers).items():
        if key.endswith(".bias"):
            weights[key] = torch.zeros(shape)
        else:
            weights[key] = torch.randn(shape, generator=generator) * math.sqrt(
                2 / math.prod(shape[1:])
            )
    return weights
