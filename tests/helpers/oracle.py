"""DeepSSIM written once more from its equations: plain loops over Python floats (float64)."""

from __future__ import annotations

import math
from collections.abc import Sequence

Matrix = list[list[float]]


def gram(features: Sequence[Sequence[float]]) -> Matrix:
    """R = F F^T for C rows of P values each."""
    return [
        [math.fsum(a * b for a, b in zip(p, q, strict=True)) for q in features] for p in features
    ]


def structure(x: Sequence[float], y: Sequence[float], c: float) -> float:
    """S = (2 cov + c) / (var_x + var_y + c) with biased statistics."""
    n = len(x)
    mean_x, mean_y = math.fsum(x) / n, math.fsum(y) / n
    var_x = math.fsum((v - mean_x) ** 2 for v in x) / n
    var_y = math.fsum((v - mean_y) ** 2 for v in y) / n
    cov = math.fsum((v - mean_x) * (w - mean_y) for v, w in zip(x, y, strict=True)) / n
    return (2 * cov + c) / (var_x + var_y + c)


def block_similarity(a: Matrix, b: Matrix, block: int = 4, c: float = 1e-6) -> float:
    """Mean structure over all non-overlapping blocks of two Gram matrices."""
    values = []
    for top in range(0, len(a), block):
        for left in range(0, len(a), block):
            cells = [(i, j) for i in range(top, top + block) for j in range(left, left + block)]
            values.append(structure([a[i][j] for i, j in cells], [b[i][j] for i, j in cells], c))
    return math.fsum(values) / len(values)


def deepssim(x: Sequence[Sequence[float]], y: Sequence[Sequence[float]]) -> float:
    """DeepSSIM of two feature maps, C rows of P values each."""
    return block_similarity(gram(x), gram(y))


def deepssim_lite(x: Sequence[Sequence[float]], y: Sequence[Sequence[float]]) -> float:
    """DeepSSIM-Lite: Gram matrices divided by C * P, one structure term over all entries."""
    flat = []
    for features in (x, y):
        scale = len(features) * len(features[0])
        flat.append([v / scale for row in gram(features) for v in row])
    return structure(flat[0], flat[1], 1e-6)


def halve(image: Sequence[Sequence[float]]) -> Matrix:
    """2 x 2 means; an odd last row or column is dropped."""
    return [
        [
            (image[i][j] + image[i][j + 1] + image[i + 1][j] + image[i + 1][j + 1]) / 4
            for j in range(0, len(image[0]) - 1, 2)
        ]
        for i in range(0, len(image) - 1, 2)
    ]
