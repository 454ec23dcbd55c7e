"""How a metric behaves on ladders of distortions: figures that need no human scores.

A sweep holds the scores of every photograph under every family at the five levels; the functions
below each take one figure from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from . import distortions
from .distortions.common import Array, smooth

Scorer = Callable[[Tensor, Tensor], Tensor]
"""From a reference (1, 3, H, W) and versions (N, 3, H, W) to scores (N, K), one per level."""


@dataclass
class Sweep:
    """Scores (photographs, families, 5, K) of several metrics by name, and PSNR (…, 5) in dB."""

    families: tuple[str, ...]
    scores: dict[str, npt.NDArray[np.float64]]
    psnr: npt.NDArray[np.float64]

    def of(self, families: Sequence[str]) -> Sweep:
        """Some of the families."""
        index = [self.families.index(name) for name in families]
        scores = {name: values[:, index] for name, values in self.scores.items()}
        return Sweep(tuple(families), scores, self.psnr[:, index])


def to_tensor(images: Sequence[Array]) -> Tensor:
    """Images (H, W, 3) as one (N, 3, H, W) tensor."""
    return torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).copy())


def ladder(name: str, clean: Array, seed: int) -> list[Array]:
    """The five levels of a family, all drawn with the same random numbers."""
    return [
        distortions.apply(name, clean, distortions.strength_of(level), np.random.default_rng(seed))
        for level in range(1, distortions.LEVELS + 1)
    ]


def sweep(
    crops: Sequence[Array],
    scorers: dict[str, Scorer],
    families: Sequence[str],
    seed: int = 5,
    keep: Path | None = None,
) -> Sweep:
    """Score every crop under every family at every level.

    `keep`: folder for the distorted images and the scores of the scorer called "teacher", which
    are the same for every set of weights that is examined.
    """
    scores: dict[str, list[Array]] = {name: [] for name in scorers}
    psnr = []
    for index, clean in enumerate(crops):
        reference = to_tensor([clean])
        for number, family in enumerate(families):
            kept = keep / f"{seed}-{index}-{family}.npz" if keep else None
            stored = dict(np.load(kept)) if kept and kept.exists() else {}
            if "images" not in stored:
                images = to_tensor(ladder(family, clean, seed + 1000 * index + number))
                stored["images"] = (images * 255).round().to(torch.uint8).numpy()
            versions = torch.from_numpy(stored["images"]).float() / 255
            for name, scorer in scorers.items():
                if name != "teacher" or name not in stored:
                    stored[name] = scorer(reference, versions).numpy()
                scores[name].append(stored[name])
            if kept and not kept.exists():
                wanted = {key: stored[key] for key in ("images", "teacher") if key in stored}
                np.savez(kept, **wanted)
            error = (versions - reference).square().mean((1, 2, 3)).clamp_min(1e-10)
            psnr.append((-10 * error.log10()).numpy())
    shape = (len(crops), len(families), distortions.LEVELS)
    return Sweep(
        tuple(families),
        {name: np.stack(rows).reshape(*shape, -1).astype(float) for name, rows in scores.items()},
        np.stack(psnr).reshape(shape).astype(float),
    )


def falling(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """For fused scores (…, 5): whether each ladder falls strictly, from 1 on."""
    whole = np.concatenate([np.ones((*scores.shape[:-1], 1)), scores], axis=-1)
    return np.asarray((np.diff(whole, axis=-1) < 0).all(-1))


def relative_spread(values: npt.NDArray[np.float64]) -> float:
    """Deviation over photographs (axis 0) of one distortion and level, over that of all values."""
    return float(np.sqrt(values.var(0).mean()) / values.std())


def rounding_noise(clean: Array, seed: int) -> Array:
    """A copy that nobody can tell from the original: every value at most one grey level off."""
    step = np.random.default_rng(seed).integers(-1, 2, clean.shape) / 255
    return np.clip(clean + step, 0, 1).astype(np.float32)


def shifted(clean: Array, pixels: int = 1) -> tuple[Array, Array]:
    """Two windows of one image, `pixels` apart: the same scene, nothing lost."""
    return clean[:, pixels:], clean[:, :-pixels]


def slight_blur(clean: Array, sigma: float) -> Array:
    """Gaussian blur; at 1 pixel careful viewers begin to see it."""
    return np.asarray(smooth(clean, sigma), dtype=np.float32)
