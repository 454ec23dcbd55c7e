"""The paper's thesis on real opinion scores: do several scales beat one?

    python -m benchmarks.thesis --data ../shared/data --googlenet ../shared/weights/FILE

For every trunk, the rank correlation (SRCC) of human scores with DeepSSIM of each level alone, and
with the equally weighted mean of four levels. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import torch
from scipy.stats import spearmanr

from benchmarks.googlenet import googlenet_trunk
from msds import MSDS, load_image
from msds.metric import Encoding

SETS = {
    "tid2013-part": ("mos", 1),
    "live-part": ("dmos_realigned", -1),
    "kadid-part": ("mos", 1),
}
"""Column with the opinion scores of each set, and 1 where higher is better."""


def level_scores(
    metric: MSDS, folder: Path, rated: tuple[str, int] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Level scores (pairs, K) and opinions (pairs,) of a folder with `pairs.csv`.

    `rated` is its entry in `SETS`, where it has none there.
    """
    column, sign = rated or SETS[folder.name]
    references: dict[str, Encoding] = {}
    rows, opinions = [], []
    with (folder / "pairs.csv").open(newline="") as file, torch.inference_mode():
        for row in csv.DictReader(file):
            name = row["reference"]
            if name not in references:
                references[name] = metric.encode(load_image(folder / name).pixels[None])
            distorted = metric.encode(load_image(folder / row["distorted"]).pixels[None])
            rows.append(metric.level_scores(references[name], distorted)[0])
            opinions.append(sign * float(row[column]))
    return torch.stack(rows), torch.tensor(opinions)


def correlations(scores: torch.Tensor, opinions: torch.Tensor) -> dict[str, float]:
    """SRCC of each level alone, of the mean of all, and with the default weights."""
    values = {f"level {k + 1}": scores[:, k] for k in range(scores.shape[1])}
    values["mean"] = scores.mean(1)
    return {name: float(spearmanr(value, opinions).statistic) for name, value in values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--googlenet", type=Path, help="also measure this network")
    arguments = parser.parse_args()
    metrics = [MSDS("compact")]
    if arguments.googlenet:
        metrics += [MSDS(googlenet_trunk(arguments.googlenet, last)) for last in ("4b", "4d")]
    print("| set | trunk | level 1 | level 2 | level 3 | level 4 | mean of 4 |")
    print("|---|---|---|---|---|---|---|")
    for name in SETS:
        for metric in metrics:
            found = correlations(*level_scores(metric, arguments.data / name))
            cells = " | ".join(f"{value:.3f}" for value in found.values())
            print(f"| {name} | {metric.trunk.name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
