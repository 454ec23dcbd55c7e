"""What a map costs, next to the score of the same pair of files.

    python -m benchmarks.map_cost --data DIR [--pairs 20] [--model msds-vgg16]

Photographs and their JPEGs of quality 10 are scored and mapped by turns, one after the other, so
that what else runs on the machine slows both. Prints the median time of each and the median and
the spread of their ratio.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch

import msds
from benchmarks.photographs import photographs
from msds import MSDS, load_model
from training.distortions.common import to_pil

Pair = tuple[Path, Path]


def seconds(work: Callable[..., Any], pair: Pair, metric: MSDS) -> float:
    """How long something takes with a pair of files."""
    start = time.perf_counter()
    work(*pair, model=metric)
    return time.perf_counter() - start


def by_turns(metric: MSDS, pairs: Sequence[Pair], turns: int) -> list[tuple[float, float]]:
    """Least time of a score and of a map, for every pair."""
    found = []
    for pair in (pairs[0], *pairs):  # the first one twice: what is made once is not counted
        times = [
            (seconds(msds.score, pair, metric), seconds(msds.map_pair, pair, metric))
            for _ in range(turns)
        ]
        found.append((min(t[0] for t in times), min(t[1] for t in times)))
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds photos/")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--model", default="msds-compact")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    metric = load_model(arguments.model)
    with tempfile.TemporaryDirectory() as name:
        pairs = []
        for k, array in enumerate(photographs(arguments.data)[: arguments.pairs]):
            original, encoded = Path(name) / f"{k}.png", Path(name) / f"{k}.jpg"
            photograph = to_pil(array)
            photograph.save(original)
            photograph.save(encoded, quality=10)
            pairs.append((original, encoded))
        found = by_turns(metric, pairs, arguments.turns)
    ratios = sorted(map_ / score for score, map_ in found)
    score, map_ = (median(times) for times in zip(*found, strict=True))
    print(
        f"{metric.model_id}, {len(found)} pairs, {arguments.threads} thread(s): score "
        f"{1000 * score:.0f} ms, map {1000 * map_:.0f} ms, {median(ratios):.2f} times as long "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


if __name__ == "__main__":
    main()
