"""Winograd convolution in plain torch: fewer multiplications, no other library.

A 3 x 3 convolution of stride 1 is computed on tiles of 6 x 6 inputs that give 4 x 4 outputs:
F(4, 3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), with 36
multiplications per pair of channels and tile instead of 144. Transforms and products are matrix
products, on a few tiles at a time, so that what passes between them stays in the cache. Where a
layer has too few channels or positions for this to pay it is convolved directly; the first, large
maps pass in bands of rows through all layers before the first Winograd layer. Several images are
computed side by side, each by its share of the threads.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor

from msds.engines.base import EngineTrunk
from msds.engines.threads import computing_threads, own_threads
from msds.errors import InputError
from msds.trunks import Conv, Pool
from msds.trunks.layers import Weights, output_size, rows_seen, run_layer, widest_map

TILE = 4
"""Outputs of a tile along one side."""

TILES_AT_ONCE = 96
"""Tiles of one pass: their transforms of 64 to 512 channels fill 1 to 7 MB (measured best)."""

LEAST_PRODUCT = 64 * 128
"""Input times output channels from which on the transforms cost less than they save (measured)."""

LEAST_POSITIONS = 256
"""Output positions from which on reading the 4 times larger weights pays (measured)."""

BAND_BYTES = 8 << 20
"""Size of the largest map of a band of the first layers. The allocator uses memory up to this size
again; larger pieces are asked of the system each time, which costs more than the ReLU."""

ALONE = 2**15
"""Pixels from which on images are computed one after the other where there is one thread: the maps
of one stay in the cache longer (measured)."""

_POOL = Pool()
"""The one that is computed together with the convolution before it."""

# Points 0, 1, -1, 2, -2 and infinity: tables of section 4.2 of the paper, for 4 outputs.
_INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_KERNEL = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_OUTPUT = (
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, -2, 0),
    (0, 1, 1, 4, 4, 0),
    (0, 1, -1, 8, -8, 1),
)


def _both_axes(rows: Sequence[Sequence[float]]) -> Tensor:
    """The transform of a flattened tile along both its axes."""
    matrix = torch.tensor(rows, dtype=torch.float64)
    return torch.kron(matrix, matrix)


_POINT_ONE = 6 + 1
"""The place in a transformed tile that the output transform adds to all outputs alike: there the
bias goes in, into one value a tile and channel instead of sixteen."""

_INPUT_TRANSFORM = _both_axes(_INPUT).float()
_OUTPUT_TRANSFORM = _both_axes(_OUTPUT).float()


def transformed_kernels(weight: Tensor) -> Tensor:
    """Kernels (out, in, 3, 3) in Winograd's domain: (36, in, out), computed in float64."""
    transform = _both_axes(_KERNEL).to(weight.device)
    outputs, inputs = weight.shape[:2]
    result = weight.new_empty(36, inputs, outputs, dtype=torch.float32)
    for first in range(0, outputs, 32):  # in parts: the whole would need 450 MB for a moment
        flat = weight[first : first + 32].double().flatten(2)
        result[..., first : first + 32] = torch.einsum("tk,oik->tio", transform, flat)
    return result


def convolve(x: Tensor, kernels: Tensor, bias: Tensor, pool: bool) -> Tensor:
    """A padded 3 x 3 convolution, its ReLU and, if asked for, a 2 x 2 max pool.

    Parameters
    ----------
    x : (N, in, H, W) tensor, best in channels_last.
    kernels : from `transformed_kernels`.
    bias : (out,) tensor.

    Returns
    -------
    (N, out, H, W) tensor in channels_last, or (N, out, H // 2, W // 2) when pooled.
    """
    count, inputs, height, width = x.shape
    outputs = kernels.shape[-1]
    down, across = -(-height // TILE), -(-width // TILE)
    side = TILE // 2 if pool else TILE
    result = x.new_empty(count, side * down, side * across, outputs)

    at_once = max(1, min(down, TILES_AT_ONCE // across))
    tiles = at_once * across
    # Made once and used for every pass: the allocator would take as long as a transform.
    strip = x.new_zeros(TILE * at_once + 2, TILE * across + 2, inputs)
    gathered = x.new_empty(36 * tiles * inputs)
    inner = x.new_empty(36 * tiles * inputs)
    products = x.new_empty(36 * tiles * outputs)
    outer = x.new_empty(TILE * TILE * tiles * outputs)
    step = strip.stride(0)
    for image, kept in zip(x.permute(0, 2, 3, 1), result, strict=True):
        for first in range(0, down, at_once):
            rows = min(at_once, down - first)
            tiles = rows * across
            top = TILE * first - 1
            start, stop = max(top, 0), min(TILE * (first + rows) + 1, height)
            strip[: start - top].zero_()
            strip[start - top : stop - top, 1 : width + 1].copy_(image[start:stop])
            strip[stop - top :].zero_()
            windows = strip.as_strided(
                (6, 6, rows, across, inputs), (step, inputs, TILE * step, TILE * inputs, 1)
            )
            a = gathered[: 36 * tiles * inputs].view(36, -1)
            a.view(windows.shape).copy_(windows)
            b = inner[: a.numel()].view(36, -1)
            torch.mm(_INPUT_TRANSFORM, a, out=b)
            c = products[: 36 * tiles * outputs].view(36, tiles, outputs)
            torch.bmm(b.view(36, tiles, inputs), kernels, out=c)
            c[_POINT_ONE].add_(bias)
            d = outer[: TILE * TILE * tiles * outputs].view(TILE * TILE, -1)
            torch.mm(_OUTPUT_TRANSFORM, c.view(36, -1), out=d)
            target = kept[side * first : side * (first + rows)]
            target = target.view(rows, side, across, side, outputs).permute(1, 3, 0, 2, 4)
            if pool:
                cells = d.view(2, 2, 2, 2, rows, across, outputs)
                left, right = cells[:, 0, :, 0], cells[:, 0, :, 1]
                torch.maximum(left, cells[:, 1, :, 0], out=left)
                torch.maximum(right, cells[:, 1, :, 1], out=right)
                y = torch.maximum(left, right, out=left)
            else:
                y = d.view(TILE, TILE, rows, across, outputs)
            torch.clamp_min(y, 0, out=target)  # the ReLU, which commutes with the maximum
    if pool:
        height, width = height // 2, width // 2
    return result[:, :height, :width].permute(0, 3, 1, 2)


@dataclass(frozen=True)
class _Step:
    """A convolution, whether a pool follows it, and its kernels where Winograd may pay."""

    layer: Conv
    weights: Weights
    pool: bool
    kernels: Tensor | None

    def sizes(self, size: int) -> tuple[int, int]:
        """Rows of the convolution's and of the step's output for so many of input."""
        convolved = output_size(self.layer, size)
        return convolved, output_size(_POOL, convolved) if self.pool else convolved

    def rows_needed(self, first: int, last: int) -> tuple[int, int]:
        """Input rows, beyond the image too, that output rows from `first` to before `last` see."""
        if self.pool:
            first, last = rows_seen(_POOL, first, last)
        return rows_seen(self.layer, first, last)

    def direct(self, x: Tensor, *, padded_rows: bool = True) -> Tensor:
        x = run_layer(self.layer, x, self.weights, padded_rows=padded_rows)
        return run_layer(_POOL, x, None) if self.pool else x

    def __call__(self, x: Tensor) -> Tensor:
        if self.kernels is not None and x.shape[-2] * x.shape[-1] >= LEAST_POSITIONS:
            return convolve(x, self.kernels, self.weights[1], self.pool)
        return self.direct(x)


@dataclass(frozen=True)
class _Session:
    """The first layers, which pass in bands, and the others."""

    head: tuple[_Step, ...]
    rest: tuple[_Step, ...]

    def features(self, normalised: Tensor) -> Tensor:
        """Feature maps of normalised images."""
        x = _in_bands(self.head, normalised)
        for step in self.rest:
            x = step(x)
        return x

    def features_in_thread(self, inference: bool, normalised: Tensor) -> Tensor:
        """The same in a thread, which does not inherit whether gradients are recorded."""
        with torch.inference_mode() if inference else torch.no_grad():
            return self.features(normalised)


def _pays(layer: Conv, inputs: int) -> bool:
    square = (layer.kernel, layer.stride, layer.groups) == (3, 1, 1)
    return square and inputs * layer.channels >= LEAST_PRODUCT


class WinogradTrunk(EngineTrunk):
    """Features by Winograd convolution in torch."""

    engine = "winograd"
    layout: torch.memory_format = torch.channels_last
    maps_at_once = 2
    """A layer's input and its output: borders and transforms are made for a few rows at a time."""

    counts_threads = False

    def bytes_per_pixel(self) -> float:
        return self.maps_at_once * widest_map(self.chain.layers, self._banded()) * self.value_size

    def _banded(self) -> int:
        """How many of the first layers pass in bands: only their result is whole in memory."""
        inputs = 3
        for index, layer in enumerate(self.chain.layers):
            if isinstance(layer, Conv):
                if _pays(layer, inputs):
                    return index
                inputs = layer.channels
        return len(self.chain.layers)

    def _open(self, threads: int) -> _Session:
        del threads
        steps: list[_Step] = []
        inputs = 3
        for layer in self.chain.layers:
            if isinstance(layer, Pool):
                if not steps or steps[-1].pool or layer != _POOL:
                    raise InputError(
                        f"Engine {self.engine!r} needs every pool to follow a convolution, and to "
                        "be 2 x 2 of stride 2."
                    )
                steps[-1] = replace(steps[-1], pool=True)
                continue
            weights = self.chain.weights_of(layer)
            kernels = transformed_kernels(weights[0]) if _pays(layer, inputs) else None
            steps.append(_Step(layer, weights, False, kernels))
            inputs = layer.channels
        for first, step in enumerate(steps):
            if step.kernels is not None:
                return _Session(tuple(steps[:first]), tuple(steps[first:]))
        return _Session(tuple(steps), ())

    def _features(self, session: _Session, normalised: Tensor) -> Tensor:
        threads = torch.get_num_threads()
        workers = min(len(normalised), threads)
        if workers < 2 or not own_threads():
            alone = normalised.shape[-2] * normalised.shape[-1] >= ALONE
            parts = normalised.tensor_split(len(normalised) if alone else 1)
            return torch.cat([session.features(part) for part in parts])
        # Images side by side wait for each other less often than threads within one image.
        pool = _workers(workers, threads // workers, os.getpid())
        run = partial(session.features_in_thread, torch.is_inference_mode_enabled())
        return torch.cat(list(pool.map(run, normalised.tensor_split(len(normalised)))))


@lru_cache(maxsize=4)
def _workers(count: int, threads: int, process: int) -> ThreadPoolExecutor:
    """Threads with so many threads each, kept: new ones would start with fresh memory.

    A forked process has none of its parent's threads, so it is given its own.
    """
    del process
    return computing_threads(count, threads, "msds-winograd")


def _in_bands(steps: Sequence[_Step], x: Tensor) -> Tensor:
    """Run the first steps on bands of rows, each through all of them before the next band.

    Exact: every band reads the rows its output depends on, and zeros stand in only where the
    padding of the whole map would.
    """
    heights = [x.shape[-2]]
    width, largest = x.shape[-1], 0
    for step in steps:
        rows, pooled = step.sizes(heights[-1])
        columns, width = step.sizes(width)
        largest = max(largest, 4 * x.shape[0] * step.layer.channels * rows * columns)
        heights.append(pooled)
    total = heights[-1]
    bands = min(total, math.ceil(largest / BAND_BYTES))
    if bands < 2:
        for step in steps:
            x = step(x)
        return x
    results = []
    for band in range(bands):
        span = (total * band // bands, total * (band + 1) // bands)
        zeros = []
        for step, height in zip(reversed(steps), reversed(heights[:-1]), strict=True):
            first, last = step.rows_needed(*span)
            span = (max(0, first), min(height, last))
            zeros.append((span[0] - first, last - span[1]))
        y = x[..., span[0] : span[1], :]
        for step, (above, below) in zip(steps, reversed(zeros), strict=True):
            if above or below:
                y = F.pad(y, (0, 0, above, below))
            y = step.direct(y, padded_rows=False)
        results.append(y)
    return torch.cat(results, -2)
