"""How long a pair takes with each version of the compact trunk, in turns.

    python -m benchmarks.compact_speed --threads 1 2

One pair of 384 x 512, four levels, engine torch: the versions take turns, and medians are compared.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import torch

from msds import MSDS
from msds.trunks.compact import VERSIONS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--turns", type=int, default=25)
    options = parser.parse_args()
    metrics = {version: MSDS(f"compact-v{version}") for version in VERSIONS}
    first, second = torch.rand(2, 1, 3, 384, 512, generator=torch.Generator().manual_seed(0))
    for threads in options.threads:
        torch.set_num_threads(threads)
        times: dict[int, list[float]] = {version: [] for version in metrics}
        for _ in range(options.turns):
            for version, metric in metrics.items():
                start = time.perf_counter()
                with torch.inference_mode():
                    metric(first, second)
                times[version].append(time.perf_counter() - start)
        slowest = median(times[min(times)])
        for version, taken in times.items():
            print(
                f"threads {threads}, version {version}: median {median(taken) * 1e3:.1f} ms, least "
                f"{min(taken) * 1e3:.1f} ms, {slowest / median(taken):.2f} times as fast as "
                f"version {min(times)}"
            )


if __name__ == "__main__":
    main()
