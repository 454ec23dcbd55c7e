"""The equations of DeepSSIM: Gram matrices, and the structural similarity of their blocks.

Source: "Structural Similarity in Deep Features: Unified Image Quality Assessment Robust to
Geometrically Disparate Reference", IEEE TPAMI 2025 (arXiv 2412.19553). Everything here works in
float32 or wider, whatever the precision of the features, because Gram entries overflow float16.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from msds.errors import InputError

STABILITY = 1e-6
"""The constant c of the structure term."""

BLOCK = 4
"""Side of the non-overlapping blocks a Gram matrix is cut into."""

STRIP = 32
"""Rows of blocks compared at a time: fewer, and calls cost more than they do; more, and they leave
the cache."""


def gram(features: Tensor) -> Tensor:
    """Deep-structure representation R = F F^T of feature maps, not divided by their positions.

    Parameters
    ----------
    features : (N, C, h, w) or (N, C, P) tensor.

    Returns
    -------
    (N, C, C) tensor, float32 (float64 if the features are).
    """
    flat = _wide(features).flatten(2)
    with torch.autocast(flat.device.type, enabled=False):
        return flat @ flat.transpose(1, 2)


def structure(x: Tensor, y: Tensor, dim: int | tuple[int, ...], c: float = STABILITY) -> Tensor:
    """Structure term S = (2 cov + c) / (var_x + var_y + c) over the dimensions `dim`.

    Variances and the covariance are the biased ones, of centred values: the shorter form
    mean(xy) - mean(x) mean(y) loses all digits in float32 on Gram matrices. S lies in (-1, 1], is 1
    exactly where x equals y, and has no luminance term.
    """
    x = x - x.mean(dim, keepdim=True)
    y = y - y.mean(dim, keepdim=True)
    covariance = (x * y).mean(dim)
    return (2 * covariance + c) / (x.square().mean(dim) + y.square().mean(dim) + c)


def block_similarity(
    gram_a: Tensor, gram_b: Tensor, *, block: int = BLOCK, c: float = STABILITY
) -> Tensor:
    """DeepSSIM of two Gram matrices: the mean structure term over their blocks.

    Parameters
    ----------
    gram_a, gram_b : symmetric (N, C, C) tensors, or (N, K, C, C) ones for K levels at once; C must
        be a multiple of `block`. N and K of one of them may be 1.
    block : side of the non-overlapping blocks.
    c : stability constant.

    Returns
    -------
    (N,) or (N, K) tensor in (-1, 1]; 1 means identical.

    Raises
    ------
    InputError
        If the shapes differ or C is not a multiple of `block`.
    """
    _check_grams(gram_a, gram_b)
    channels = gram_a.shape[-1]
    if channels % block:
        raise InputError(
            f"A Gram matrix of {channels} channels cannot be cut into {block} x {block} blocks: "
            f"the trunk's channels must be a multiple of {block}."
        )
    a, b = _wide(gram_a), _wide(gram_b)
    sums: list[Tensor] = []
    for first in range(0, channels, STRIP * block):
        # Beyond the square on the diagonal, the strip's blocks stand for their mirror images too.
        rows, columns = slice(first, first + STRIP * block), slice(first, None)
        scores = structure(
            _entries_first(a[..., rows, columns], block),
            _entries_first(b[..., rows, columns], block),
            -3,
            c,
        )
        square = scores[..., : scores.shape[-2]]
        sums.append(2 * scores.sum((-2, -1)) - square.sum((-2, -1)))
    return torch.stack(sums).sum(0) / (channels // block) ** 2


def lite_similarity(gram_a: Tensor, gram_b: Tensor, *, c: float = STABILITY) -> Tensor:
    """DeepSSIM-Lite of two Gram matrices: one structure term over all entries.

    Parameters
    ----------
    gram_a, gram_b : (N, C, C) tensors, each already divided by the C * h * w of its features.
    c : stability constant.

    Returns
    -------
    (N,) tensor in (-1, 1]; the published loss is 1 minus this.
    """
    _check_grams(gram_a, gram_b)
    return structure(_wide(gram_a), _wide(gram_b), (-2, -1), c)


def deepssim(
    features_a: Tensor,
    features_b: Tensor,
    *,
    normalize: str = "none",
    block: int = BLOCK,
    c: float = STABILITY,
) -> Tensor:
    """DeepSSIM of two sets of feature maps.

    Parameters
    ----------
    features_a, features_b : (N, C, h, w) tensors; h and w may differ between the two.
    normalize : "none" as published, or "positions" to divide each Gram matrix by its own h * w
        (an extension of this project: images of different size are no longer capped by the ratio
        of their areas).

    Returns
    -------
    (N,) tensor in (-1, 1]; 1 means identical.
    """
    return block_similarity(
        normalized(gram(features_a), _positions(features_a), normalize),
        normalized(gram(features_b), _positions(features_b), normalize),
        block=block,
        c=c,
    )


def deepssim_lite(features_a: Tensor, features_b: Tensor, *, c: float = STABILITY) -> Tensor:
    """DeepSSIM-Lite of two sets of (N, C, h, w) feature maps: (N,) tensor in (-1, 1]."""
    return lite_similarity(
        normalized(gram(features_a), _positions(features_a), "elements"),
        normalized(gram(features_b), _positions(features_b), "elements"),
        c=c,
    )


def normalized(gram_matrix: Tensor, positions: int, normalize: str) -> Tensor:
    """Divide (N, C, C) Gram matrices by nothing, by "positions" P or by "elements" C * P."""
    if normalize == "none":
        return gram_matrix
    if normalize == "positions":
        return gram_matrix / positions
    if normalize == "elements":
        return gram_matrix / (positions * gram_matrix.shape[-1])
    raise InputError(
        f"Unknown normalize {normalize!r}: expected 'none' (as published) or 'positions'."
    )


def _positions(features: Tensor) -> int:
    return features.flatten(2).shape[-1]


def _entries_first(matrix: Tensor, block: int) -> Tensor:
    """(..., R, C) as (..., block^2, R / block, C / block): reductions run along whole rows."""
    *leading, rows, columns = matrix.shape
    cut = matrix.reshape(*leading, rows // block, block, columns // block, block)
    return cut.movedim((-3, -1), (-4, -3)).flatten(-4, -3)


def _wide(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()


def _check_grams(gram_a: Tensor, gram_b: Tensor) -> None:
    for g in (gram_a, gram_b):
        if g.ndim not in (3, 4) or g.shape[-1] != g.shape[-2]:
            raise InputError(
                f"Gram matrices must be (N, C, C) or (N, K, C, C); got {tuple(g.shape)}."
            )
    if gram_a.shape[-1] != gram_b.shape[-1]:
        raise InputError(
            f"Gram matrices of {gram_a.shape[-1]} and {gram_b.shape[-1]} channels cannot be "
            "compared: both must come from the same trunk."
        )
    if gram_a.shape[0] != gram_b.shape[0] and 1 not in (gram_a.shape[0], gram_b.shape[0]):
        raise InputError(
            f"Cannot compare {gram_a.shape[0]} with {gram_b.shape[0]} images: the batches must be "
            "equal, or one of them must be a single image."
        )
    # What torch.jit traces gives sizes as tensors, no two of which are one in a set.
    counts = {int(math.prod(g.shape[1:-2])) for g in (gram_a, gram_b)}
    if len(counts) > 1 and 1 not in counts:
        raise InputError(f"Cannot compare {min(counts)} with {max(counts)} levels.")
