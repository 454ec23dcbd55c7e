"""Operations that take an image from top to bottom, a few rows at a time.

Each `push` takes the next rows, or None where there are none, and whether they are the last; it
returns the rows that are now certain, or None. The results of all calls together are exactly those
of the whole image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from torch import Tensor

from msds.trunks.layers import Layer, Weights, run_layer


class RowOperation(Protocol):
    """Something that turns rows of an image into rows of another."""

    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        """Take the next (N, C, h, W) rows, give the next rows of the result."""


class OverlapRows:
    """Any operation that reduces an image by `stride`, on overlapping pieces of it.

    Parameters
    ----------
    operation : maps (N, C, h, W) images to feature maps or smaller images; a result depends on no
        more than `halo` rows beyond its own `stride` rows.
    stride : input rows per row of the result.
    halo : a multiple of `stride`.
    """

    def __init__(self, operation: Callable[[Tensor], Tensor], stride: int, halo: int) -> None:
        self.operation = operation
        self.stride = stride
        # At least one stride, so that the operation never meets a few last rows by themselves.
        self.halo: int = max(halo, stride)
        self.kept: Tensor | None = None
        self.first: int = 0  # number of the input row that kept[0] is
        self.done: int = 0  # rows of the result handed out

    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        parts = [part for part in (self.kept, rows) if part is not None]
        if not parts:
            return None
        self.kept = torch.cat(parts, -2) if len(parts) > 1 else parts[0]
        end = self.first + self.kept.shape[-2]
        ready = (end - self.halo) // self.stride
        if ready <= self.done and not last:
            return None
        result = self.operation(
            self.kept if last else self.kept[..., : ready * self.stride + self.halo - self.first, :]
        )
        skipped = self.first // self.stride
        result = result[..., self.done - skipped : None if last else ready - skipped, :]
        self.done += result.shape[-2]
        start = max(0, self.done * self.stride - self.halo)
        self.kept = None if last else self.kept[..., start - self.first :, :].clone()
        self.first = start
        return result if result.shape[-2] else None


class LayerRows:
    """One layer of a chain, which keeps the few rows that the next ones need with them."""

    def __init__(self, layer: Layer, weights: Weights | None) -> None:
        self.layer = layer
        self.weights = weights
        self.kept: Tensor | None = None

    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        like = rows if rows is not None else self.kept
        if like is None:
            return None
        border = like.new_zeros((*like.shape[:2], self.layer.padding, like.shape[3])).contiguous(
            memory_format=torch.channels_last
        )
        before = border if self.kept is None else self.kept
        parts = [before, *([] if rows is None else [rows]), *([border] if last else [])]
        parts = [part for part in parts if part.shape[2]]
        if not parts:
            return None
        x = torch.cat(parts, 2) if len(parts) > 1 else parts[0]
        kernel, stride = self.layer.kernel, self.layer.stride
        count = max(0, (x.shape[2] - kernel) // stride + 1)
        if not last:
            # A stride wider than the kernel skips rows: they must have come before it moves on.
            count = min(count, x.shape[2] // stride)
        self.kept = x[:, :, count * stride :].clone() if count else x
        if not count:
            return None
        seen = x[:, :, : (count - 1) * stride + kernel]
        return run_layer(self.layer, seen, self.weights, padded_rows=False)


class Chain(Protocol):
    """What is needed of a `msds.trunks.ChainTrunk` to run rows through its layers."""

    def steps(self) -> Iterable[tuple[Layer, Weights | None]]:
        """The layers in order, each with its weights."""

    def normalise(self, images: Tensor) -> Tensor:
        """Images as the first layer takes them."""


class ChainRows:
    """All layers of a chain, one after the other.

    Parameters
    ----------
    chain : the layers.
    mask : (N, 1, h, w) numbers that the first layer's output is multiplied by, from its first
        column on.
    """

    def __init__(self, chain: Chain, mask: Tensor | None = None) -> None:
        self.chain = chain
        self.layers: list[LayerRows] = [
            LayerRows(layer, weights) for layer, weights in chain.steps()
        ]
        self.mask: Tensor | None = mask
        self.masked: int = 0  # rows of the first layer's output that are multiplied

    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        x = None if rows is None else self.chain.normalise(rows)
        for index, layer in enumerate(self.layers):
            x = layer.push(x, last)
            if x is None and not last:
                return None
            if index == 0 and x is not None and self.mask is not None:
                x = self._masked(x, self.mask)
        return x

    def _masked(self, x: Tensor, mask: Tensor) -> Tensor:
        start, self.masked = self.masked, self.masked + x.shape[-2]
        return x * mask[..., start : self.masked, : x.shape[-1]].to(x)
