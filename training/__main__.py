"""Everything that made the compact trunk, in one command.

    python -m training --photos DIR --teacher FILE --out DIR

Makes the pools of examples, then trains the stages one after the other. An interrupted run goes on
where it was. The result is `settle.safetensors` in the output folder. Takes about four hours on
two cores; needs 17 GB of disk for the default number of shards.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

POOLS = (
    # folder, split, only unseen families, share of the shards, seed
    ("train", "train", False, 1.0, 20260),
    ("validation", "validation", False, 0.01, 77),
    ("held_out", "validation", True, 0.01, 78),
)

STAGES = (
    # name, steps, steps of decay, groups, versions, rate
    ("features", 9000, 740, 4, 3, 2e-3),
    ("scores", 5600, 1600, 3, 5, 1e-3),
    ("settle", 1900, 1300, 4, 5, 2e-4),
)


def run(module: str, *arguments: object) -> None:
    """Run a module of this package and stop if it fails."""
    command = [sys.executable, "-m", f"training.{module}", *map(str, arguments)]
    print(" ".join(command), flush=True)
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=300, help="of 32 groups of 6 crops")
    parser.add_argument("--scale", type=float, default=1.0, help="times the steps of every stage")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    pool = options.out / "pool"
    for folder, split, unseen, share, seed in POOLS:
        arguments: list[object] = ["--photos", options.photos, "--teacher", options.teacher]
        arguments += ["--out", pool / folder, "--split", split, "--seed", seed]
        arguments += ["--shards", max(1, round(share * options.shards))]
        run("pool", *arguments, *(["--held-out"] if unseen else []))
    previous: list[object] = []
    for name, steps, decay, groups, versions, rate in STAGES:
        arguments = ["--pool", pool, "--out", options.out, "--stage", name, "--rate", rate]
        arguments += ["--steps", round(options.scale * steps)]
        arguments += ["--decay", round(options.scale * decay)]
        arguments += ["--groups", groups, "--versions", versions, "--threads", options.threads]
        run("train", *arguments, *previous)
        previous = ["--start", options.out / f"{name}.pt"]


if __name__ == "__main__":
    main()
