"""What every rated set is made of: pairs with opinions, and the direction of those opinions."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from msds.study.statistics import Array, Resamples, Unit, resamples_of, resampling_unit

DeviationKind = Literal["standard deviation", "standard error"]

# Below this correlation of every metric, the direction of the opinions is doubtful.
_AGAINST = -0.3


@dataclass(frozen=True)
class RatedPair:
    """A distorted image, its reference, and what people said.

    Attributes
    ----------
    reference, distorted : image files.
    opinion : the score as published; its direction is a property of the set.
    group : the reference's name: pairs of one group are never split between training and test.
    distortion, level : type and strength where the set has them.
    deviation : of the opinion, where published.
    saliency : names of the saliency maps of reference and distorted image, where a table has them.
    """

    reference: Path
    distorted: Path
    opinion: float
    group: str
    distortion: str = ""
    level: int | None = None
    deviation: float | None = None
    saliency: tuple[str, str] | None = None


@dataclass(frozen=True)
class RatedSet:
    """A whole set of rated pairs.

    Attributes
    ----------
    higher_is_better : whether a higher opinion means higher quality.
    opinion_name : such as "MOS 0..9".
    deviation_kind : what the deviations are: of the ratings, or of their mean.
    raters : ratings per image, where known; turns deviations into standard errors.
    """

    id: str
    title: str
    root: Path
    pairs: tuple[RatedPair, ...]
    higher_is_better: bool
    opinion_name: str
    deviation_kind: DeviationKind | None = None
    raters: int | None = None

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def opinions(self) -> Array:
        """(n,) opinions as published."""
        return np.array([pair.opinion for pair in self.pairs])

    @property
    def quality(self) -> Array:
        """(n,) opinions turned so that higher is better."""
        return self.opinions if self.higher_is_better else -self.opinions

    @property
    def groups(self) -> list[str]:
        """(n,) names of the references."""
        return [pair.group for pair in self.pairs]

    @property
    def deviations(self) -> Array | None:
        """(n,) deviations as published, or None where any is missing."""
        found = [pair.deviation for pair in self.pairs]
        if any(value is None for value in found):
            return None
        return np.array(found, dtype=np.float64)

    @property
    def standard_errors(self) -> Array | None:
        """(n,) standard errors of the opinions, or None where they cannot be known."""
        deviations = self.deviations
        if deviations is None or self.deviation_kind == "standard error":
            return deviations
        return deviations / math.sqrt(self.raters) if self.raters else None

    @property
    def distortions(self) -> list[str]:
        """The distortion types in the order in which they first occur."""
        return list(dict.fromkeys(pair.distortion for pair in self.pairs))

    def doubt(self, correlations: Iterable[float]) -> str:
        """A sentence where all metrics run strongly against the opinions, else "".

        Parameters
        ----------
        correlations : of each metric with the opinions, 1 for agreement.
        """
        highest = max(correlations, default=math.nan)
        if not highest < _AGAINST:
            return ""
        taken, other = ("better", "lower") if self.higher_is_better else ("worse", "higher")
        return (
            f"Every metric runs against these opinions (SRCC {highest:.2f} at most). A higher "
            f"{self.opinion_name} was taken as {taken}: if it is not, write FILE:COLUMN:{other}."
        )

    @property
    def resampling_unit(self) -> Unit | None:
        """What the pairs allow to resample: whole references, ladders of pairs, or nothing."""
        return resampling_unit(self.groups, [pair.distortion for pair in self.pairs])

    def resamples(self, count: int, seed: int = 0) -> Resamples | None:
        """`count` bootstrap samples of `resampling_unit`, or None without one or for no samples."""
        return resamples_of(self.groups, [pair.distortion for pair in self.pairs], count, seed)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the names and opinions of all pairs: which data a number was made from."""
        digest = hashlib.sha256(f"{self.id}|{self.higher_is_better}".encode())
        for pair in self.pairs:
            names = (self.relative(pair.reference), self.relative(pair.distorted))
            digest.update(f"\n{names[0]}|{names[1]}|{pair.opinion!r}".encode())
        return digest.hexdigest()

    def relative(self, path: Path) -> str:
        """A file's name relative to the set's folder, with forward slashes."""
        return (
            path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
        )

    def subset(self, indices: Iterable[int]) -> RatedSet:
        """The set with only these pairs."""
        return replace(self, pairs=tuple(self.pairs[index] for index in indices))


def names_of(sets: Sequence[RatedSet]) -> list[str]:
    """Titles of sets; with the column of opinions, or a stroke, where two would be called alike."""
    counts = Counter(data.title for data in sets)
    names: list[str] = []
    for data in sets:
        name = data.title if counts[data.title] == 1 else f"{data.title} ({data.opinion_name})"
        while name in names:
            name += "'"
        names.append(name)
    return names


@dataclass
class Listing:
    """What a reader found: complete pairs, and what is missing.

    Attributes
    ----------
    pairs : pairs whose two images are there.
    missing : files that the score table names and the folder lacks.
    notes : what a user should know, such as a check that could not be made.
    opinion_name : what the opinions are, where it is not what the set usually has.
    """

    pairs: list[RatedPair] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    opinion_name: str | None = None

    def add(
        self,
        reference: Path | str,
        distorted: Path | str,
        opinion: float,
        group: str,
        distortion: str = "",
        level: int | None = None,
        deviation: float | None = None,
        saliency: tuple[str, str] | None = None,
    ) -> None:
        """Add a pair (see `RatedPair`), or note the files, given as text, that it lacks."""
        if isinstance(reference, Path) and isinstance(distorted, Path):
            self.pairs.append(
                RatedPair(
                    reference, distorted, opinion, group, distortion, level, deviation, saliency
                )
            )
            return
        absent = [name for name in (reference, distorted) if isinstance(name, str)]
        self.missing.extend(name for name in absent if name not in self.missing)
