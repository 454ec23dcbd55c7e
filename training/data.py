"""Batches from the shards of a pool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass
class Batch:
    """G groups: images (G * (1 + V), 3, S, S) in [0, 1], maps (G * (1 + V), 512, P), scores (G, V, K)."""

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

    def batch(self, picks: list[tuple[str, int]]) -> Batch:
        """The groups at (shard, index)."""
        images = np.concatenate([self.shards[s][0][i] for s, i in picks])
        maps = np.concatenate([self.shards[s][1][i] for s, i in picks])
        scores = np.stack([self.shards[s][2][i] for s, i in picks])
        return Batch(
            torch.from_numpy(images).float().div_(255),
            torch.from_numpy(maps).float(),
            torch.from_numpy(scores),
        )

    def sample(self, groups: int, rng: np.random.Generator) -> Batch:
        """Groups at random: a shard, then a group in it."""
        stems = sorted(self.shards)
        picks = []
        for _ in range(groups):
            stem = stems[int(rng.integers(len(stems)))]
            picks.append((stem, int(rng.integers(len(self.shards[stem][2])))))
        return self.batch(picks)

    def everything(self, groups: int) -> list[list[tuple[str, int]]]:
        """Picks of all groups, in order, `groups` at a time."""
        picks = [(s, i) for s in sorted(self.shards) for i in range(len(self.shards[s][2]))]
        return [picks[i : i + groups] for i in range(0, len(picks), groups)]

    def deviations(self) -> Tensor:
        """Standard deviation of each teacher channel over the first shard, (512,)."""
        first = self.shards[sorted(self.shards)[0]][1]
        return torch.from_numpy(first[:8].astype(np.float32).std((0, 1, 3))).clamp_min(1e-3)
