"""Operations that take an image from top to bottom, a few rows at a time.

Each `push` takes the next rows, or None where there are none, and whether they are the last; it
returns the rows that are now certain, or None. The results of all calls together are exactly those
of the whole image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from msds.trunks import ChainTrunk, Conv, Pool, Trunk


class RowOperation(Protocol):
    """Something that turns rows of an image into rows of another."""

    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        """Take the next (N, C, h, W) rows, give the next rows of the result."""


class Blocks:
    """Gather rows and hand them on in blocks of `size` rows, the last one smaller."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pending: list[Tensor] = []

    def push(self, rows: Tensor | None, last: bool) -> Iterator[tuple[Tensor | None, bool]]:
        """Pairs of a block and whether it is the last; the last one may be None."""
        if rows is not None:
            self.pending.append(rows)
        height = sum(part.shape[-2] for part in self.pending)
        if height < self.size and not last:
            return
        if not self.pending:
            yield None, True
            return
        gathered = torch.cat(self.pending, -2) if len(self.pending) > 1 else self.pending[0]
        self.pending = []
        blocks = list(torch.split(gathered, self.size, -2))
        if not last and blocks[-1].shape[-2] < self.size:
            self.pending = [blocks.pop().clone()]  # a view would keep all of `gathered`
        for i, block in enumerate(blocks, start=1):
            yield block, last and i == len(blocks)


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
        self.halo = max(halo, stride)
        self.kept: Tensor | None = None
        self.first = 0  # number of the input row that kept[0] is
        self.done = 0  # rows of the result handed out

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

    def __init__(self, trunk: ChainTrunk, layer: Conv | Pool) -> None:
        self.layer = layer
        self.function = _unpadded(trunk, layer)
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
        return self.function(x[:, :, : (count - 1) * stride + kernel]) if count else None


def _unpadded(trunk: ChainTrunk, layer: Conv | Pool) -> Callable[[Tensor], Tensor]:
    """A layer of the trunk, without zero padding above and below."""
    if isinstance(layer, Pool):
        return lambda x: F.max_pool2d(x, layer.kernel, layer.stride)
    convolution = cast(nn.Conv2d, trunk.convolutions[layer.name])

    def convolve(x: Tensor) -> Tensor:
        weight, bias = convolution.weight, convolution.bias
        padding = (0, layer.padding)
        return F.relu_(F.conv2d(x, weight, bias, layer.stride, padding, groups=layer.groups))

    return convolve


class ChainRows:
    """All layers of a chain, one after the other."""

    def __init__(self, trunk: ChainTrunk) -> None:
        self.trunk = trunk
        self.layers = [LayerRows(trunk, layer) for layer in trunk.layers]

    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        x = None if rows is None else self.trunk.normalise(rows)
        for layer in self.layers:
            x = layer.push(x, last)
            if x is None and not last:
                return None
        return x


def streams(trunk: Trunk) -> bool:
    """Whether the trunk's layers are known, so that rows can run through them without overlap.

    A subclass may compute its features in another way, so only the plain class counts.
    """
    return type(trunk) is ChainTrunk


def trunk_rows(trunk: Trunk) -> RowOperation:
    """The trunk as an operation on rows: layer by layer where `streams`, else by its halo."""
    if type(trunk) is ChainTrunk:
        return ChainRows(trunk)
    return OverlapRows(trunk, trunk.stride, trunk.halo or 0)
