"""Batches from the shards of a pool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass
class Batch:
    """Groups: images (G (1 + V), 3, S, S) in [0, 1], maps (G (1 + V), C, P), scores (G, V, K)."""

    images: Tensor
    maps: Tensor
    scores: Tensor


class Pool:
    """All complete shards in a folder, as memory maps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shards: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self.refresh()

    def refresh(self) -> int:
        """Take in shards that have been written since; returns how many there are."""
        for path in sorted(self.folder.glob("*-scores.npy")):
            stem = path.name.removesuffix("-scores.npy")
            if stem not in self.shards:
                maps = np.load(self.folder / f"{stem}-maps.npy", mmap_mode="r")
                images = np.load(self.folder / f"{stem}-images.npy", mmap_mode="r")
                self.shards[stem] = (images, maps, np.load(path))
        return len(self.shards)

    def batch(self, picks: list[tuple[str, int]], keep: list[list[int]] | None = None) -> Batch:
        """The groups at (shard, index), with all versions or those `keep` lists for each group."""
        everything = list(range(self.versions))
        keep = keep or [everything] * len(picks)
        chosen = [(self.shards[s], i, kept) for (s, i), kept in zip(picks, keep, strict=True)]
        rows = [[0, *(1 + k for k in kept)] for kept in keep]
        images = np.concatenate([c[0][i][r] for (c, i, _), r in zip(chosen, rows, strict=True)])
        maps = np.concatenate([c[1][i][r] for (c, i, _), r in zip(chosen, rows, strict=True)])
        scores = np.stack([c[2][i][kept] for c, i, kept in chosen])
        return Batch(
            torch.from_numpy(images).float().div_(255),
            torch.from_numpy(maps).float(),
            torch.from_numpy(scores),
        )

    @property
    def versions(self) -> int:
        """Distorted versions in each group."""
        return int(next(iter(self.shards.values()))[2].shape[1])

    def sample(self, groups: int, versions: int, rng: np.random.Generator) -> Batch:
        """Groups at random, each with `versions` of its distorted versions."""
        stems = sorted(self.shards)
        picks = []
        for _ in range(groups):
            stem = stems[int(rng.integers(len(stems)))]
            if not picks:  # all of one size
                side = self.shards[stem][0].shape[-1]
                stems = [name for name in stems if self.shards[name][0].shape[-1] == side]
            picks.append((stem, int(rng.integers(len(self.shards[stem][2])))))
        keep = [sorted(rng.permutation(self.versions)[:versions].tolist()) for _ in picks]
        return self.batch(picks, keep)

    def everything(self, groups: int) -> list[list[tuple[str, int]]]:
        """Picks of all groups, in order, `groups` at a time."""
        picks = [(s, i) for s in sorted(self.shards) for i in range(len(self.shards[s][2]))]
        return [picks[i : i + groups] for i in range(0, len(picks), groups)]

    def deviations(self) -> Tensor:
        """Standard deviation of each of the teacher's channels over the first shards, (C,)."""
        maps = [self.shards[stem][1][::2] for stem in sorted(self.shards)[:8]]
        flat = [part.astype(np.float32).swapaxes(0, 2).reshape(part.shape[2], -1) for part in maps]
        return torch.from_numpy(np.concatenate(flat, 1).std(1)).clamp_min(1e-3)
