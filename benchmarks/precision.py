"""What a reduced precision does to scores and to ranking, on rated pairs.

    python -m benchmarks.precision --data ../shared/data --trunk compact

For every precision that an engine offers here: the largest difference of a score from float32, and
the rank correlation (SRCC) of its scores with those of float32 on each set. Prints a table.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import torch
from scipy.stats import spearmanr

from msds import MSDS, load_image
from msds.engines import installed
from msds.errors import InputError
from msds.metric import Encoding

SETS = ("tid2013-part", "live-part")


def scores(metric: MSDS, folder: Path, limit: int | None) -> torch.Tensor:
    """Scores of the pairs of a folder with `pairs.csv`."""
    references: dict[str, Encoding] = {}
    found = []
    with (folder / "pairs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows[:: max(1, len(rows) // limit) if limit else 1]:
        name = row["reference"]
        if name not in references:
            references[name] = metric.encode(load_image(folder / name).pixels[None])
        distorted = metric.encode(load_image(folder / row["distorted"]).pixels[None])
        found.append(metric.compare(references[name], distorted))
    return torch.cat(found)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trunk", default="compact")
    parser.add_argument("--weights", help="file of weights, or random")
    parser.add_argument("--limit", type=int, help="about this many pairs of every set")
    options = parser.parse_args()
    metric = MSDS(options.trunk, trunk_weights=options.weights)
    print("| engine | set | pairs | largest difference | SRCC with float32 |")
    print("|---|---|---:|---:|---:|")
    with torch.inference_mode():
        for name in SETS:
            folder = options.data / name
            expected = scores(metric.set_engine("torch"), folder, options.limit)
            for engine in ("torch", *installed()):
                try:
                    metric.set_engine(engine, "bfloat16")
                    found = scores(metric, folder, options.limit)
                except InputError:
                    continue  # not offered by this engine, or not by this processor
                error = float((found - expected).abs().max())
                rank = spearmanr(found, expected).statistic
                print(f"| {engine} bfloat16 | {name} | {len(found)} | {error:.4f} | {rank:.5f} |")


if __name__ == "__main__":
    main()
