"""Bootstrap samples of pairs, drawn by what is independent: whole references."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def reference_resamples(
    references: Sequence[str], count: int, seed: int = 0
) -> list[NDArray[np.intp]]:
    """`count` bootstrap samples of pair indices, drawn by whole references with replacement.

    The same references and seed give the same samples, so that metrics are compared on the same.
    """
    names, group = np.unique(np.asarray(references), return_inverse=True)
    members = [np.flatnonzero(group == index) for index in range(names.size)]
    random = np.random.default_rng(seed)
    return [
        np.concatenate([members[pick] for pick in random.integers(0, names.size, names.size)])
        for _ in range(count)
    ]


def references_suffice(references: Sequence[str]) -> bool:
    """Whether resampling references tells anything: five or more, none with most of the pairs."""
    _, counts = np.unique(np.asarray(references), return_counts=True)
    return counts.size >= 5 and float(counts.max()) <= 0.5 * float(counts.sum())
