"""Peak memory of one pair in this process: python -m benchmarks.speed_memory NAME HEIGHT WIDTH."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import torch

from benchmarks.speed_contenders import others, ours, pair_of


def peak() -> float:
    """Largest memory of this process so far in MB.

    getrusage would do on other systems; on Linux it starts from that of the process that started
    this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def main() -> None:
    """Score a pair and print its peak memory, and what the process held before, as JSON."""
    name, height, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    contender = next(c for c in [*others(), *ours(False)] if c.name == name)
    with torch.inference_mode():
        run = contender.build()
        pair = pair_of(height, width)
        before, start = peak(), time.perf_counter()
        run(*pair)
        seconds = time.perf_counter() - start
    print(json.dumps({"peak_mb": peak(), "before_mb": before, "seconds": seconds}))


if __name__ == "__main__":
    main()
