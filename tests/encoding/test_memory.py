"""Memory of a process of its own while it encodes an image that is never whole in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="peak memory is read by getrusage")

PROGRAM = """
import resource, sys, torch
from msds.metric import MSDS
from msds.encoding.encoder import encode
from msds.trunks import ChainTrunk, Conv, Pool
from msds.trunks.layers import random_weights

def peak():
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kibibytes / (2**20 if sys.platform == "darwin" else 2**10)

class Grey:
    def __init__(self, height, width):
        self.height, self.width = height, width
    def read(self, x0, y0, x1, y1):
        return torch.full((3, y1 - y0, x1 - x0), 0.5)

torch.set_num_threads(1)
layers = (Conv("a", 64), Pool(), Conv("b", 8, stride=2), Conv("c", 8))
metric = MSDS(ChainTrunk("wide", layers, random_weights(layers)), levels=3)
levels = metric.configuration.pyramid
encode(metric.trunk, Grey(256, 256), levels)
before = peak()
image = Grey(int(sys.argv[1]), int(sys.argv[2]))
encode(metric.trunk, image, levels, budget=64 * 2**20)
print(peak() - before)
"""


def growth(height: int, width: int) -> float:
    """MiB by which encoding an image of this size raises the peak memory of a fresh process."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(height), str(width)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(run.stdout)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_height_of_the_image() -> None:
    # The 64 maps of the first layer alone are 512 MiB and 2 GiB for these images.
    low, high = growth(1024, 2048), growth(4096, 2048)
    assert low < 256
    assert high < low + 64


@pytest.mark.slow
def test_memory_hardly_grows_with_the_width_of_the_image() -> None:
    # Rows of pixels are held over the full width. Feature maps, if they were, would add 800 MiB.
    assert growth(256, 16384) < growth(256, 2048) + 200
