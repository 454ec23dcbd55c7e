"""What the student is trained on: the teacher's features, and the teacher's scores."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from msds.method.similarity import deepssim

OUTLIER = 4.0
"""Deviations beyond which a feature's error counts in proportion, not squared."""


def spread(scores: Tensor) -> Tensor:
    """Scores on a scale on which the examples lie about evenly: most are close to 1."""
    return -torch.log(1.05 - scores)


def one_minus_correlation(found: Tensor, wanted: Tensor) -> Tensor:
    """1 - Pearson correlation over the first dimension, averaged over the rest."""
    a, b = found - found.mean(0), wanted - wanted.mean(0)
    return (1 - (a * b).sum(0) / (a.norm(dim=0) * b.norm(dim=0) + 1e-6)).mean()


def ranking(found: Tensor, wanted: Tensor, temperature: float = 0.1) -> Tensor:
    """Logistic loss on the order of scores (N,), weighted by how far the teacher has them apart."""
    gap = wanted.unsqueeze(0) - wanted.unsqueeze(1)
    got = found.unsqueeze(0) - found.unsqueeze(1)
    weight = gap.abs().clamp(max=0.5)
    loss = F.softplus(-got * gap.sign() / temperature) * temperature
    return (weight * loss).sum() / weight.sum().clamp_min(1e-6)


def within_groups(found: Tensor, wanted: Tensor, temperature: float = 0.03) -> Tensor:
    """Logistic loss on the order of the versions of one reference, scores (G, V).

    Unlike in `ranking`, pairs that the teacher has a little apart count as much as those far apart:
    neighbouring steps of a ladder of one distortion are among them.
    """
    gap = wanted.unsqueeze(1) - wanted.unsqueeze(2)
    got = found.unsqueeze(1) - found.unsqueeze(2)
    weight = (gap.abs() / temperature).clamp(max=1.0)
    loss = F.softplus(-got * gap.sign() / temperature) * temperature
    return (weight * loss).sum() / weight.sum().clamp_min(1e-6)


def score_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """Per-level scores (G, V, K) against the teacher's: values, correlation and order."""
    found = torch.cat((found, found.mean(2, keepdim=True)), 2)
    wanted = torch.cat((wanted, wanted.mean(2, keepdim=True)), 2)
    a, b = spread(found), spread(wanted)
    order = within_groups(a[..., -1], b[..., -1])
    a, b = a.flatten(0, 1), b.flatten(0, 1)
    return (
        F.mse_loss(a, b)
        + one_minus_correlation(a, b)
        + 0.5 * (ranking(a[:, -1], b[:, -1]) + ranking(a[:, 0], b[:, 0]))
        + order
    )


def dense_loss(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Huber loss of features (N, C, h, w) in units of their deviations, one tensor per level.

    The teacher's cell j is centred on pixel 16 j + 14 (its pools take in no border), the student's
    on pixel 16 j: the student's next cell is the one to compare, in both directions.
    """
    error, count = torch.zeros(()), 0
    for ours, theirs in zip(found, wanted, strict=True):
        target = theirs[..., :-1, :-1]
        error = error + F.huber_loss(ours[..., 1:, 1:], target, reduction="sum", delta=OUTLIER)
        count += target.numel()
    return 2 * error / count


def fidelity_loss(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """1 - DeepSSIM between the student's and the teacher's features of the same images."""
    return (
        1 - torch.stack([deepssim(a, b).mean() for a, b in zip(found, wanted, strict=True)]).mean()
    )
