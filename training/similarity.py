"""DeepSSIM of feature maps for training: batched and differentiable, any number of references."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

LEVELS = 4
BLOCK = 4
STABILITY = 1e-6


def gram(features: Tensor) -> Tensor:
    """Gram matrices (N, C, C) of features (N, C, h, w), not divided by the positions."""
    flat = features.flatten(2).float()
    return flat @ flat.transpose(1, 2)


def blocks(grams: Tensor) -> tuple[Tensor, Tensor]:
    """Centred 4 x 4 blocks (N, B, 16) of Grams and their biased variances (N, B)."""
    count, side = grams.shape[0], grams.shape[1] // BLOCK
    cut = grams.view(count, side, BLOCK, side, BLOCK).transpose(2, 3).reshape(count, -1, BLOCK**2)
    centred = cut - cut.mean(-1, keepdim=True)
    return centred, centred.square().mean(-1)


def deepssim(reference: Tensor, distorted: Tensor) -> Tensor:
    """DeepSSIM of Grams: reference (N, C, C) against distorted (N * V, C, C), result (N, V)."""
    count = reference.shape[0]
    one, one_variance = (part.unsqueeze(1) for part in blocks(reference))
    many, many_variance = (part.view(count, -1, *part.shape[1:]) for part in blocks(distorted))
    covariance = (one * many).mean(-1)
    score = (2 * covariance + STABILITY) / (one_variance + many_variance + STABILITY)
    return score.mean(-1)


def fidelity(found: Tensor, wanted: Tensor) -> Tensor:
    """DeepSSIM between the Grams of found and wanted features (N, C, h, w) of one image, (N,)."""
    return deepssim(gram(wanted), gram(found))[:, 0]


def pyramid(images: Tensor, levels: int = LEVELS) -> list[Tensor]:
    """The images and their successive 2 x 2 averages."""
    result = [images]
    for _ in range(levels - 1):
        result.append(F.avg_pool2d(result[-1], 2))
    return result


def level_scores(features: list[Tensor], versions: int) -> Tensor:
    """Scores (N, V, K) of groups laid out as 1 reference then V distorted, one tensor per level."""
    scores = []
    for maps in features:
        grams = gram(maps).view(-1, versions + 1, maps.shape[1], maps.shape[1])
        scores.append(deepssim(grams[:, 0], grams[:, 1:].flatten(0, 1)))
    return torch.stack(scores, dim=-1)
