"""Bootstrap samples of pairs, drawn by what is independent: whole references, or whole ladders.

Pairs of one reference are not independent: a metric that misjudges a texture does so in all of
them. So whole references are drawn. Where there are too few, ladders are: all pairs of one
reference and one distortion type. What is found then holds for these references only. Where these
are too few as well nothing can be tested, and nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["reference", "ladder"]

_FEWEST_REFERENCES, _LARGEST_REFERENCE = 5, 0.5
_FEWEST_LADDERS, _LARGEST_LADDER = 10, 0.25


@dataclass(frozen=True)
class Resamples:
    """Bootstrap samples.

    Attributes
    ----------
    unit : what was drawn as a whole.
    units : how many of them the set has; with so few, a normal distribution would be too narrow.
    indices : for every sample the indices of its pairs.
    """

    unit: Unit
    units: int
    indices: tuple[NDArray[np.intp], ...]

    def __iter__(self) -> Iterator[NDArray[np.intp]]:
        return iter(self.indices)

    def __len__(self) -> int:
        return len(self.indices)


def reference_resamples(references: Sequence[str], count: int, seed: int = 0) -> Resamples:
    """`count` bootstrap samples of pairs, drawn by whole references with replacement.

    The same references and seed give the same samples, so that metrics are compared on the same.
    """
    return _drawn("reference", references, count, seed)


def ladder_resamples(
    references: Sequence[str], distortions: Sequence[str], count: int, seed: int = 0
) -> Resamples:
    """As `reference_resamples`, drawn by ladders: a reference with one distortion type."""
    return _drawn("ladder", _ladders(references, distortions), count, seed)


def _drawn(
    unit: Unit, members: Sequence[str] | NDArray[np.intp], count: int, seed: int
) -> Resamples:
    names, group = np.unique(np.asarray(members), return_inverse=True)
    pairs = [np.flatnonzero(group == index) for index in range(names.size)]
    random = np.random.default_rng(seed)
    samples = [
        np.concatenate([pairs[pick] for pick in random.integers(0, names.size, names.size)])
        for _ in range(count)
    ]
    return Resamples(unit, int(names.size), tuple(samples))


def _ladders(references: Sequence[str], distortions: Sequence[str]) -> NDArray[np.intp]:
    """(n,) number of the ladder of every pair."""
    numbers: dict[tuple[str, str], int] = {}
    pairs = zip(references, distortions, strict=True)
    return np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs], dtype=np.intp)


def _suffice(members: Sequence[str] | NDArray[np.intp], fewest: int, largest: float) -> bool:
    _, counts = np.unique(np.asarray(members), return_counts=True)
    return counts.size >= fewest and float(counts.max()) <= largest * float(counts.sum())


def references_suffice(references: Sequence[str]) -> bool:
    """Whether resampling references tells anything: five or more, none with most of the pairs."""
    return _suffice(references, _FEWEST_REFERENCES, _LARGEST_REFERENCE)


def ladders_suffice(references: Sequence[str], distortions: Sequence[str]) -> bool:
    """Whether resampling ladders does: ten or more, none with over a quarter of the pairs.

    Pairs whose distortion type is not known ("") have no ladders.
    """
    if not all(distortions):
        return False
    return _suffice(_ladders(references, distortions), _FEWEST_LADDERS, _LARGEST_LADDER)


def resampling_unit(references: Sequence[str], distortions: Sequence[str]) -> Unit | None:
    """What is to be resampled: references if they suffice, else ladders, else nothing."""
    if references_suffice(references):
        return "reference"
    return "ladder" if ladders_suffice(references, distortions) else None


def resamples_of(
    references: Sequence[str], distortions: Sequence[str], count: int, seed: int = 0
) -> Resamples | None:
    """`count` samples of the unit that `resampling_unit` names, or None without one."""
    unit = resampling_unit(references, distortions)
    if unit is None or count < 1:
        return None
    if unit == "reference":
        return reference_resamples(references, count, seed)
    return ladder_resamples(references, distortions, count, seed)
