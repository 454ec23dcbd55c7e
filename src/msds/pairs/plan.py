"""The plan of a run: its pairs in order, and the files that have no place in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from msds.pairs.kinds import is_video


class ImageFile(NamedTuple):
    """An image file and its saliency map; the same image with another map is another one."""

    path: Path
    saliency: Path | None = None


@dataclass(frozen=True)
class Pair:
    """One comparison to make.

    Attributes
    ----------
    reference, distorted : names of the two images, as results give them.
    reference_path, distorted_path : where they lie.
    columns : what the manifest or the file name says besides.
    problem : why this pair cannot be scored, known before any file is opened.
    reference_saliency, distorted_saliency : saliency maps of the two images, if they have any.
    """

    reference: str
    distorted: str
    reference_path: Path
    distorted_path: Path
    columns: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    reference_saliency: Path | None = None
    distorted_saliency: Path | None = None

    @property
    def images(self) -> tuple[ImageFile, ImageFile]:
        """The two images, each with its saliency map."""
        return (
            ImageFile(self.reference_path, self.reference_saliency),
            ImageFile(self.distorted_path, self.distorted_saliency),
        )

    @property
    def of_clips(self) -> bool:
        """Whether one of the two is a video, by its name."""
        return is_video(self.reference_path) or is_video(self.distorted_path)


@dataclass(frozen=True)
class Ambiguous:
    """A distorted image that could belong to several references, or be read in several ways.

    Attributes
    ----------
    name : of the image.
    references : those it could belong to.
    readings : the values that a pattern could give its fields.
    """

    name: str
    references: tuple[str, ...]
    readings: tuple[str, ...] = ()

    def __str__(self) -> str:
        if len(self.references) > 1:
            return f"{self.name} could belong to {' or '.join(self.references)}"
        return f"{self.name} could mean {' or '.join(self.readings)}"


@dataclass(frozen=True)
class Plan:
    """What is going to be scored.

    Attributes
    ----------
    pairs : in the order of the results.
    unmatched_references : references that no distorted image belongs to.
    unmatched_distorted : distorted images without a reference.
    ambiguous : distorted images of which it cannot be said what they belong to.
    ignored : files in the folders that are not images by their names.
    left_out : distorted images whose suffix is not the pattern's, which it does not speak of.
    """

    pairs: tuple[Pair, ...]
    unmatched_references: tuple[str, ...] = ()
    unmatched_distorted: tuple[str, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    ignored: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every distorted image and every reference has its place."""
        return not (self.unmatched_references or self.unmatched_distorted or self.ambiguous)

    def is_accepted(self, allow_unmatched: bool) -> bool:
        """Whether it is complete, or what has no partner is allowed for; ambiguous names never."""
        return self.complete or (allow_unmatched and not self.ambiguous)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of all carried columns, in order of appearance."""
        names: dict[str, None] = {}
        for pair in self.pairs:
            names.update(dict.fromkeys(pair.columns))
        return tuple(names)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all pairs in order: equal digests, equal work."""
        digest = hashlib.sha256()
        for pair in self.pairs:
            entry = [pair.reference, pair.distorted, dict(pair.columns)]
            digest.update(json.dumps(entry, sort_keys=True, default=str).encode() + b"\n")
        return digest.hexdigest()
