"""Every 3 x 3 layer of VGG16, directly and by Winograd convolution, as a Markdown table.

    python -m benchmarks.winograd --threads 1

Two maps as of a pair of 384 x 512; each as the engine runs it: with its ReLU, and its pool where
one follows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed import seconds_of
from msds.engines.winograd import convolve, transformed_kernels
from msds.trunks import Conv, load_trunk

SIDES = (384, 512)


def best(run: Callable[[], Any], turns: int = 5) -> float:
    """Shortest time of several calls after a first one, in ms."""
    run()
    return 1000 * min(seconds_of(run) for _ in range(turns))


def main() -> None:
    """Print a row for every layer that Winograd convolution can compute."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trunk = load_trunk("vgg16", "random")
    height, width = SIDES
    print("| layer | maps | direct, ms | Winograd, ms | times |\n|---|---|---:|---:|---:|")
    inputs = 3
    for i, layer in enumerate(trunk.layers):
        if not isinstance(layer, Conv):
            height, width = height // 2, width // 2
            continue
        pool = i + 1 < len(trunk.layers) and not isinstance(trunk.layers[i + 1], Conv)
        module = trunk.convolutions[layer.name]
        assert isinstance(module, nn.Conv2d)
        assert module.bias is not None
        x = torch.rand(2, inputs, height, width).to(memory_format=torch.channels_last)

        def direct(x: Tensor = x, module: nn.Conv2d = module, pool: bool = pool) -> Tensor:
            y = F.relu_(module(x))
            return F.max_pool2d(y, 2) if pool else y

        if inputs > 3:
            kernels, bias = transformed_kernels(module.weight), module.bias
            plain = best(direct)
            fast = best(lambda x=x, k=kernels, b=bias, p=pool: convolve(x, k, b, p))
            maps = f"{inputs} to {layer.channels}, {width} x {height}"
            print(f"| {layer.name} | {maps} | {plain:.1f} | {fast:.1f} | {plain / fast:.2f} |")
        inputs = layer.channels


if __name__ == "__main__":
    with torch.inference_mode():
        main()
