"""Which share of 1 - score is a position's? What four ways say, against what changes really do.

    python -m benchmarks.shares --data DIR

In photographs under all kinds of distortion, groups of positions of level 1 are undone in the
distorted image, made in the reference, and left out of both, and the score is computed again.
Prints a Markdown table: the correlation over the groups of a pair, and the sum over all positions.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.photographs import photographs, to_tensor
from msds import MSDS
from msds.method.similarity import block_similarity, gram
from msds.metric.maps.attribution import attribution, change_weights
from training import distortions

PAIRS, GROUPS, SIDES = 60, 24, (1, 2, 4, 8)
NODES = 32
"""Of the quadrature (Gauss and Legendre)."""


def distance(a: Tensor, b: Tensor) -> float:
    """1 - DeepSSIM of two Gram matrices."""
    return float(1 - block_similarity(a, b))


def gradients(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Of 1 - DeepSSIM with respect to both Gram matrices."""
    a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
    first, second = torch.autograd.grad((1 - block_similarity(a, b)).sum(), (a, b))
    return first, second


def integrated(a: Tensor, b: Tensor) -> Tensor:
    """The gradient with respect to the second, along the straight way from the first to it."""
    places, weights = np.polynomial.legendre.leggauss(NODES)
    parts = [
        weight / 2 * gradients(a, a + (place + 1) / 2 * (b - a))[1]
        for place, weight in zip(places.tolist(), weights.tolist(), strict=True)
    ]
    return torch.stack(parts).sum(0)


def shares(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    """(h, w) shares of (1, C, h, w) features, four ways."""
    gram_a, gram_b = gram(a), gram(b)
    to_a, to_b = gradients(gram_a, gram_b)

    def forms(features: Tensor, weights: Tensor) -> Tensor:
        return torch.einsum("chw,cd,dhw->hw", features[0], weights[0], features[0])

    return {
        "projection on the whole change": attribution(
            a[0], b[0], change_weights(gram_a, gram_b)[0]
        ),
        "gradient, integrated": attribution(a[0], b[0], integrated(gram_a, gram_b)[0]),
        "gradient at the distorted image": attribution(a[0], b[0], to_b[0]),
        "gradient of one weight for both images": forms(a, to_a) + forms(b, to_b),
    }


def effects(a: Tensor, b: Tensor, place: tuple[slice, slice]) -> tuple[float, float]:
    """What making and undoing a group's change does on average, and what leaving it out does."""
    gram_a, gram_b = gram(a), gram(b)
    part_a, part_b = gram(a[..., place[0], place[1]]), gram(b[..., place[0], place[1]])
    whole = distance(gram_a, gram_b)
    undone = whole - distance(gram_a, gram_b - part_b + part_a)
    made = distance(gram_a, gram_a + part_b - part_a)
    return (undone + made) / 2, whole - distance(gram_a - part_a, gram_b - part_b)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    trunk = MSDS().trunk
    images = photographs(arguments.data)
    rng = np.random.default_rng(0)
    found: dict[str, list[tuple[float, float, float]]] = {}
    for index, family in enumerate(list(distortions.FAMILIES)[:PAIRS]):
        image = images[index % len(images)]
        other = distortions.apply(family, image, rng.random(), np.random.default_rng(index))
        with torch.inference_mode():
            features = [trunk(to_tensor(x)).double() for x in (image, other)]
        a, b = (x.clone() for x in features)
        ways = shares(a, b)
        places = []
        for _ in range(GROUPS):
            side = int(rng.choice(SIDES))
            y, x = (int(rng.integers(0, size - side + 1)) for size in a.shape[-2:])
            places.append((slice(y, y + side), slice(x, x + side)))
        both = np.array([effects(a, b, place) for place in places])
        total = distance(gram(a), gram(b))
        for name, values in ways.items():
            said = np.array([float(values[place].sum()) for place in places])
            changed, left_out = (np.corrcoef(said, both[:, k])[0, 1] for k in (0, 1))
            found.setdefault(name, []).append((changed, left_out, float(values.sum()) / total))
    print("| shares by | making and undoing | leaving out | sum / (1 - DeepSSIM) |")
    print("|---|---:|---:|---:|")
    for name, rows in found.items():
        print(f"| {name} | {' | '.join(f'{v:.3f}' for v in np.median(rows, 0))} |")


if __name__ == "__main__":
    main()
