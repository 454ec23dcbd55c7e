"""Pairs per second and peak memory of two kinds of work, each metric in a process of its own.

    python -m benchmarks.throughput

(a) one reference and 25 distorted images of 384 x 512; (b) 100 unrelated pairs of ten mixed sizes.
Of each kind a sample is timed and the rest computed: pairs cost the same, and the reference of (a)
is encoded once where a metric can. Start-up is not counted; memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.speed_contenders import metric, others, pair_of
from benchmarks.speed_memory import peak
from msds.metric import MSDS

DISTORTED = 25
SIZES = (
    *((256, 256), (300, 451), (320, 480), (384, 512), (400, 600)),
    *((480, 640), (512, 512), (512, 768), (600, 800), (768, 1024)),
)
PAIRS = 100
REFERENCE = "DeepSSIM, authors' steps"
NAMES = (
    REFERENCE,
    "LPIPS-VGG, arithmetic",
    "MS-SSIM, torchmetrics",
    *(f"vgg16:1:{engine}" for engine in ("torch", "winograd")),
    "vgg16:4:winograd",
    "compact:4:torch",
)
"""Names of `speed_contenders.others`, or trunk:levels:engine of this package."""


def seconds(run: Callable[[], Any]) -> float:
    """Time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure(name: str, sample: int) -> dict[str, float]:
    """Pairs per second of both kinds of work, and peak memory in MB."""
    a, b = pair_of(384, 512)
    mixed = [pair_of(*size) for size in SIZES]
    score: Callable[[Tensor, Tensor], Any]
    if ":" in name:
        trunk, levels, engine = name.split(":")
        ours: MSDS = metric(trunk, int(levels), engine)
        score = ours
        score(a, b)
        encoding = ours.encode(a)
        first = seconds(lambda: ours.encode(a))
        each = seconds(lambda: [ours.compare(encoding, ours.encode(b)) for _ in range(sample)])
    else:
        score = next(c for c in others() if c.name == name).build()
        score(a, b)
        first, each = 0.0, seconds(lambda: [score(a, b) for _ in range(sample)])
    one_to_many = first + each / sample * DISTORTED
    unrelated = seconds(lambda: [score(*pair) for pair in mixed]) * PAIRS / len(mixed)
    return {"a": DISTORTED / one_to_many, "b": PAIRS / unrelated, "peak_mb": peak()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=NAMES, help="print this one's figures as JSON")
    parser.add_argument("--sample", type=int, default=4, help="pairs of (a) that are timed")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.only:
        with torch.inference_mode():
            print(json.dumps(measure(options.only, options.sample)))
        return
    print("| metric | (a) pairs/s | x | (b) pairs/s | x | peak MB |")
    print("|---|---:|---:|---:|---:|---:|")
    base: dict[str, float] = {}
    for name in NAMES:
        command = [sys.executable, "-m", "benchmarks.throughput", "--only", name]
        command += ["--sample", str(options.sample), "--threads", str(options.threads)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        base = base or found
        print(
            f"| {name} | {found['a']:.2f} | {found['a'] / base['a']:.2f} | {found['b']:.2f} "
            f"| {found['b'] / base['b']:.2f} | {found['peak_mb']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
