"""What every position adds to 1 - DeepSSIM.

A block's 1 - S is |y - x|^2 / (n (var_x + var_y + c)) for its centred entries x and y in the two
Gram matrices, and y - x is a sum over positions: what the distorted image's features add there,
less what the reference's did. Each position is given the part of |y - x|^2 that lies along y - x,
as a summand is given its covariance with the sum. The parts add up to 1 - DeepSSIM exactly, are
the same with the images swapped, and are nothing where nothing changed.

Equal to this, but for a few thousandths, are the integral of the gradient along the straight way
from one Gram matrix to the other, and the mean of what undoing a change does to the distorted image
and making it does to the reference; docs/maps.md has the measurement.
"""

from __future__ import annotations

import torch
from torch import Tensor

from msds.method.similarity import BLOCK, STABILITY


def change_weights(
    gram_a: Tensor, gram_b: Tensor, *, block: int = BLOCK, c: float = STABILITY
) -> Tensor:
    """Weights W of the entries of a change: the sum of W (gram_b - gram_a) is 1 - DeepSSIM.

    Parameters
    ----------
    gram_a, gram_b : (..., C, C) Gram matrices, divided as they are compared.
    block : side of the blocks; C for DeepSSIM-Lite, which has one.
    c : stability constant.

    Returns
    -------
    (..., C, C) tensor, symmetric.
    """
    x, y = (_centred(g, block) for g in (gram_a, gram_b))
    spread = (x.square() + y.square()).mean((-3, -1), keepdim=True) + c
    blocks = x.shape[-4] * x.shape[-2]
    return ((y - x) / (spread * block**2 * blocks)).reshape(gram_a.shape)


def attribution(a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
    """The sum of weights (b_p b_p^T - a_p a_p^T) at every position p.

    Parameters
    ----------
    a, b : (C, h, w) features of the reference and the distorted image.
    weights : (C, C), of `change_weights`, divided by what the Gram matrices were divided by.

    Returns
    -------
    (h, w) tensor; over all positions it sums to 1 - DeepSSIM. Values below zero are changes that
    bring the two Gram matrices closer.
    """
    wide = torch.promote_types(a.dtype, torch.float32)
    a, b = a.to(wide), b.to(wide)
    # As weights are symmetric; where the features are equal this is zero exactly.
    return torch.einsum("chw,cd,dhw->hw", b - a, weights.to(wide), b + a)


def _centred(gram: Tensor, block: int) -> Tensor:
    """(..., C, C) as (..., C / block, block, C / block, block), each block less its mean."""
    *leading, rows, columns = gram.shape
    cut = gram.reshape(*leading, rows // block, block, columns // block, block)
    return cut - cut.mean((-3, -1), keepdim=True)
