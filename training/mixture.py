"""Examples for `training.lean`: groups of crops with what a mixture of teachers says of them.

A file of the pool is an .npz of G groups: `images` uint8 (G, 1 + V, 3, S, S), the clean crop first;
`levels` float32 (G, V, 4), DeepSSIM of GoogLeNet inception_4b on every level; `gmsd` float32
(G, V), chromatic multi-scale GMSD of piq, turned so that higher is better.

    python -m training.mixture --photos DIR --teacher FILE --out DIR --split train --files 60

needs `pip install piq`. The mixture was chosen from scores of rated images alone: of all means
of up to five of GoogLeNet 4b and 4d, VSI, HaarPSI, MDSI, GMSD, MS-GMSD, FSIM, SR-SIM, DSS and VIF,
that of 4b and MS-GMSD agrees best with people (mean SRCC over three sets 0.950; 4b alone 0.948).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from msds.method.pyramid import pyramid

from . import distortions, photos
from .distortions.common import Array
from .objectives import spread
from .pool import distorted_versions
from .similarity import LEVELS, level_scores
from .teacher import Teacher

GROUPS = 16
SIDE = 256
SHARE = 0.3
"""Of MS-GMSD in the mixture."""

MORE_OFTEN = (
    *distortions.TRANSMISSION, *distortions.TRANSMISSION,
    "chromatic_shift", "contrast_down", "contrast_up", "salt_and_pepper", "colour_impulse",
    "speckle", "masked", "lost_blocks", "copied_blocks", "mean_shift", "saturation", "jpeg",
    "jpeg2000", "disc_blur", "gaussian_blur", "gaussian", "chroma", "denoised", "palette",
)  # fmt: skip
"""Families that version 3 ranks badly, and those that people meet most: drawn twice as often."""


def gmsd(reference: Array, versions: Array) -> Array:
    """Chromatic MS-GMSD of (V, 3, H, W) against (1, 3, H, W), higher is better."""
    import piq

    clean = torch.from_numpy(reference).expand(len(versions), -1, -1, -1).contiguous()
    found: Tensor = piq.multi_scale_gmsd(
        clean, torch.from_numpy(versions), data_range=1.0, reduction="none", chromatic=True
    )
    return -found.numpy()


def make_groups(
    files: list[Path], chances: Array, teacher: Teacher, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The arrays of one file of the pool."""
    images, levels, others = [], [], []
    for _ in range(GROUPS):
        path = files[int(rng.choice(len(files), p=chances / chances.sum()))]
        clean = photos.crop(path, SIDE, rng)
        names = (*distortions.TRAINING, *MORE_OFTEN)
        stack = np.stack([clean, *distorted_versions(clean, names, rng)]).transpose(0, 3, 1, 2)
        stack = np.ascontiguousarray(stack, dtype=np.float32)
        with torch.inference_mode():
            features = [teacher(level) for level in pyramid(torch.from_numpy(stack), LEVELS)]
            levels.append(level_scores(features, len(stack) - 1)[0].numpy())
        others.append(gmsd(stack[:1], stack[1:]))
        images.append(np.round(stack * 255).astype(np.uint8))
    return {"images": np.stack(images), "levels": np.stack(levels), "gmsd": np.stack(others)}


class Mixture:
    """What the teachers say together, on the scale of GoogLeNet's mean over the levels.

    A value of MS-GMSD stands for the score of the same rank among those of GoogLeNet in the pool;
    the two are averaged where scores lie about evenly, see `training.objectives.spread`.
    """

    def __init__(self, levels: Array, others: Array) -> None:
        self.scores = np.sort(levels.mean(-1).ravel())
        self.others = np.sort(others.ravel())

    def __call__(self, levels: Array, others: Array) -> tuple[Tensor, Tensor]:
        """Targets on the spread scale: of every level, shape of `levels`, and of their mean."""
        ranks = np.searchsorted(self.others, others) / max(len(self.others) - 1, 1)
        alike = np.interp(ranks, np.linspace(0, 1, len(self.scores)), self.scores)
        each, mean, other = (
            spread(torch.from_numpy(scores)) for scores in (levels, levels.mean(-1), alike)
        )
        fused = (1 - SHARE) * mean + SHARE * other
        # Every level leans as far towards the mixture as their mean does.
        return (each + (fused - mean)[..., None]).float(), fused.float()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=photos.SPLITS, default="train")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    files = photos.find(options.photos, options.split)
    chances, teacher = photos.weights(files), Teacher(options.teacher)
    for number in range(options.first, options.first + options.files):
        final = options.out / f"{number:04d}.npz"
        if final.exists():
            continue
        arrays = make_groups(files, chances, teacher, np.random.default_rng([options.seed, number]))
        partial = final.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(file, **arrays)
        partial.replace(final)
        print(final, flush=True)


if __name__ == "__main__":
    main()
