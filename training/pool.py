"""Shards of examples: groups of one clean crop and its distorted versions, with the teacher's view.

A shard is three .npy files, readable as memory maps:
`NNNN-images.npy` uint8 (G, 1 + V, 3, S, S); `NNNN-maps.npy` float16 (G, 1 + V, C, P), the
teacher's chosen channels at the levels 1 to 3 side by side; `NNNN-scores.npy` float32 (G, V, 4),
the teacher's DeepSSIM per level, of all its channels. Each shard depends on nothing but the seed
and its number.

    python -m training.pool --photos DIR --teacher FILE --out DIR --shards 100
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from msds.method.pyramid import pyramid
from msds.method.similarity import block_similarity, gram

from . import distortions, photos
from .channels import CHOSEN
from .distortions.common import Array
from .quiet import wait_while_quiet
from .similarity import LEVELS
from .teacher import Teacher

VERSIONS = 5
DENSE_LEVELS = 3


def distorted_versions(
    clean: Array, names: tuple[str, ...], rng: np.random.Generator
) -> list[Array]:
    """V versions of a crop: a ladder of one family, or unlike ones, some of them mixtures."""
    if rng.random() < 0.35:
        name, seed = str(rng.choice(names)), int(rng.integers(2**31))
        strengths = np.linspace(0, 1, VERSIONS) + rng.uniform(-0.08, 0.08)
        return [
            distortions.apply(
                name, clean, float(np.clip(s, -0.1, 1.05)), np.random.default_rng(seed)
            )
            for s in strengths
        ]
    versions = []
    for _ in range(VERSIONS):
        out = distortions.apply(str(rng.choice(names)), clean, float(rng.uniform(-0.1, 1.0)), rng)
        if rng.random() < 0.2:
            out = distortions.apply(str(rng.choice(names)), out, float(rng.uniform(-0.1, 0.8)), rng)
        versions.append(out)
    return versions


def make_shard(
    files: list[Path],
    chances: Array,
    teacher: Teacher,
    *,
    names: tuple[str, ...],
    groups: int,
    side: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """The three arrays of one shard."""
    rng = np.random.default_rng(seed)
    images, maps, scores = [], [], []
    for _ in range(groups):
        wait_while_quiet()
        path = files[int(rng.choice(len(files), p=chances / chances.sum()))]
        clean = photos.crop(path, side, rng)
        stack = np.stack([clean, *distorted_versions(clean, names, rng)]).transpose(0, 3, 1, 2)
        images.append(np.round(stack * 255).astype(np.uint8))
        with torch.inference_mode():
            levels = pyramid(torch.from_numpy(np.ascontiguousarray(stack)), LEVELS)
            features = [teacher(level) for level in levels]
            grams = [gram(level) for level in features]
            scores.append(torch.stack([block_similarity(g[:1], g[1:]) for g in grams], -1).numpy())
        dense = torch.cat([level[:, CHOSEN].flatten(2) for level in features[:DENSE_LEVELS]], dim=2)
        maps.append(dense.half().numpy())
    return {"images": np.stack(images), "maps": np.stack(maps), "scores": np.stack(scores)}


def save_shard(folder: Path, number: int, arrays: dict[str, np.ndarray]) -> None:
    """Write a shard; the scores come last, so that a shard with scores is complete."""
    for name in ("images", "maps", "scores"):
        final = folder / f"{number:04d}-{name}.npy"
        partial = final.with_suffix(".partial")
        with partial.open("wb") as file:
            np.save(file, arrays[name])
        partial.replace(final)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=photos.SPLITS, default="train")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--groups", type=int, default=32)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--seed", type=int, default=20260)
    parser.add_argument("--held-out", action="store_true", help="only families not trained on")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    files = photos.find(options.photos, options.split)
    chances = photos.weights(files)
    teacher = Teacher(options.teacher)
    names = distortions.HELD_OUT if options.held_out else distortions.TRAINING
    for number in range(options.first, options.first + options.shards):
        if (options.out / f"{number:04d}-scores.npy").exists():
            continue
        started = time.monotonic()
        arrays = make_shard(
            files,
            chances,
            teacher,
            names=names,
            groups=options.groups,
            side=options.side,
            seed=options.seed * 10_000 + number,
        )
        save_shard(options.out, number, arrays)
        print(f"shard {number} of {options.split}: {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
