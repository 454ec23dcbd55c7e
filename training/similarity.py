"""DeepSSIM of groups of images: a reference and its versions, any number of references at once."""

from __future__ import annotations

import torch
from torch import Tensor

from msds.method.similarity import block_similarity, gram

LEVELS = 4


def level_scores(features: list[Tensor], versions: int) -> Tensor:
    """Scores (N, V, K) of groups laid out as 1 reference then V distorted, one tensor per level."""
    groups = (gram(maps).unflatten(0, (-1, versions + 1)) for maps in features)
    return torch.stack([block_similarity(g[:, :1], g[:, 1:]) for g in groups], dim=-1)
