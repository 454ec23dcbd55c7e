"""The teacher's channels that the student imitates.

DeepSSIM averages over 4 x 4 blocks of the Gram matrix, so a part of the blocks tells nearly the
same as all: 48 of the 128 groups of four channels rank distortions almost as the whole teacher does
(SRCC 0.997, 0.995, 0.983, 0.954 at the levels 1 to 4 of 256-pixel crops that had no part in the
choice, 0.990 for their mean), at a seventh of the cost. Imitating
just these, the student's output needs no head, and its Gram is directly comparable.

    python -m training.channels --photos DIR --teacher FILE

prints the choice. Groups are exchanged one at a time, at random, as long as the rank agreement
over the four levels and their mean rises.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from msds.method.pyramid import pyramid
from msds.method.similarity import BLOCK, gram, structure

from . import distortions, photos
from .similarity import LEVELS
from .teacher import Teacher

GROUPS = (
    3, 6, 9, 18, 21, 22, 23, 26, 27, 28, 35, 37, 38, 41, 42, 48, 52, 54, 62, 63, 64, 69, 74, 75,
    78, 82, 83, 85, 87, 89, 90, 92, 97, 101, 102, 104, 107, 113, 114, 117, 118, 119, 120, 121,
    123, 125, 126, 127,
)  # fmt: skip
CHOSEN = tuple(BLOCK * group + k for group in GROUPS for k in range(BLOCK))


def block_maps(features: Tensor) -> Tensor:
    """Similarity of every block, (V, B, B), of features (1 + V, C, h, w), the reference first."""
    side = features.shape[1] // BLOCK
    cut = gram(features).view(-1, side, BLOCK, side, BLOCK)
    return structure(cut[:1], cut[1:], (2, 4))


def agreements(levels: list[Tensor], chosen: Tensor) -> list[float]:
    """SRCC of the chosen blocks' mean with that of all: of each level, and of the levels' mean."""
    whole = [maps.mean((1, 2)) for maps in levels]
    part = [maps[:, chosen][:, :, chosen].mean((1, 2)) for maps in levels]
    pairs = [*zip(whole, part, strict=True), (sum(whole), sum(part))]
    return [float(spearmanr(a, b)[0]) for a, b in pairs]


def agreement(levels: list[Tensor], chosen: Tensor) -> float:
    """What the search raises: the mean of `agreements`."""
    return float(np.mean(agreements(levels, chosen)))


def search(levels: list[Tensor], count: int, steps: int, rng: np.random.Generator) -> Tensor:
    """Numbers of `count` groups whose blocks rank like all: hill climbing by single exchanges."""
    total = levels[0].shape[1]
    chosen = torch.from_numpy(rng.permutation(total)[:count])
    best = agreement(levels, chosen)
    for _ in range(steps):
        rest = np.setdiff1d(np.arange(total), chosen.numpy())
        tried = chosen.clone()
        tried[int(rng.integers(count))] = int(rng.choice(rest))
        value = agreement(levels, tried)
        if value > best:
            best, chosen = value, tried
    return chosen.sort().values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--count", type=int, default=48, help="groups of four channels")
    parser.add_argument("--crops", type=int, default=80)
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(3)
    files = photos.find(options.photos, "validation")
    teacher = Teacher(options.teacher)
    found: list[list[Tensor]] = [[] for _ in range(LEVELS)]
    for _ in range(options.crops):
        clean = photos.crop(files[int(rng.integers(len(files)))], 256, rng)
        versions = [
            distortions.apply(str(rng.choice(distortions.TRAINING)), clean, s, rng)
            for s in rng.uniform(-0.1, 1, 5)
        ]
        stack = torch.from_numpy(np.stack([clean, *versions]).transpose(0, 3, 1, 2).copy())
        with torch.inference_mode():
            for k, level in enumerate(pyramid(stack, len(found))):
                found[k].append(block_maps(teacher(level)))
    levels = [torch.cat(maps) for maps in found]
    half = [maps[: len(maps) // 2] for maps in levels]
    rest = [maps[len(maps) // 2 :] for maps in levels]
    chosen = search(half, options.count, options.steps, rng)
    print(tuple(chosen.tolist()))
    for name, maps in (("searched", half), ("elsewhere", rest)):
        figures = " ".join(f"{value:.4f}" for value in agreements(maps, chosen))
        print(f"SRCC with all blocks, {name}: {figures} (levels 1 to {LEVELS}, their mean)")


if __name__ == "__main__":
    main()
