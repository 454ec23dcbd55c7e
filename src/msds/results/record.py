"""One record per pair, for one pair as for many: what came out, and everything to know how."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msds.errors import InputError
from msds.pairs import Pair
from msds.results.notebook import score_html

Size = tuple[int, int]


def size_difference(
    reference: Size | None, distorted: Size | None, notes: Iterable[str] = ()
) -> str:
    """What two sizes are, and what seems to have led to it; "" if they are equal or unknown.

    Parameters
    ----------
    reference, distorted : (width, height) in pixels.
    notes : of the pair, which say whether an image was turned.
    """
    if not reference or not distorted or reference == distorted:
        return ""
    (a, b), (c, d) = reference, distorted
    cause = _cause(
        reference, distorted, [found for note in notes if (found := _TURNED.match(note))]
    )
    return f"{SIZES_DIFFER}{a} x {b} against {c} x {d}" + (f" ({cause})" if cause else "")


SIZES_DIFFER = "sizes differ: "
"""How the words begin for images of different size, in records of every version."""

_TURNED = re.compile(r"(reference|distorted): EXIF orientation ([5-8]) applied")
"""A note that says that width and height have changed places."""


def _cause(reference: Size, distorted: Size, turned: Sequence[re.Match[str]]) -> str:
    if (reference[1], reference[0]) == distorted:
        if len(turned) == 1:
            return f"EXIF orientation {turned[0][2]} of the {turned[0][1]} image turned it"
        return "one of them is turned"
    columns, rows = (abs(a - b) for a, b in zip(reference, distorted, strict=True))
    if columns <= reference[0] / 10 and rows <= reference[1] / 10:
        return "cropped or padded"
    return ""


@dataclass(frozen=True)
class Run:
    """What all pairs of a run have in common.

    Attributes
    ----------
    model : id of the model, with every setting that differs from it.
    fingerprint : SHA-256 over the trunk's weights and all settings of the metric.
    settings : of the metric, and of how images are read.
    """

    model: str = ""
    fingerprint: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def levels(self) -> int:
        """Most levels that a score of this run has."""
        return int(self.settings.get("levels", 0))

    def weights(self, levels: int) -> tuple[float, ...]:
        """Weight of each of so many levels in the score, as `MSDS.weights_of` gives them."""
        weights = tuple(map(float, self.settings.get("weights", ())))[:levels]
        total = sum(weights)
        return tuple(w / total if total else 1 / len(weights) for w in weights)


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """Names of the settings in which two runs differ, or "" if there are none."""
    names = sorted({*first, *second})
    return ", ".join(name for name in names if first.get(name) != second.get(name))


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one pair of images.

    Scores of one model can be compared with each other and with numbers: ``a < b``, ``a >= 0.9``.

    Attributes
    ----------
    reference, distorted : names of the two images.
    score : 1 for identical images, higher is better; None if the pair could not be scored.
    levels : DeepSSIM of each level, from full size down.
    error : why there is no score.
    notes : what was done to the images and to the levels, in words.
    reference_size, distorted_size : (width, height) in pixels, if the image could be read.
    reference_sha256, distorted_sha256 : digests of the files, if they are files.
    seconds : time spent on this pair; what several pairs need counts for the first of them.
    run : who made it, and with what settings.
    columns : what the manifest or the names of the files say besides.
    """

    reference: str
    distorted: str
    score: float | None = None
    levels: tuple[float, ...] = ()
    error: str | None = None
    notes: tuple[str, ...] = ()
    reference_size: Size | None = None
    distorted_size: Size | None = None
    reference_sha256: str | None = None
    distorted_sha256: str | None = None
    seconds: float = field(default=0.0, compare=False)
    run: Run = field(default=Run(), repr=False)
    columns: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @property
    def model(self) -> str:
        """Id of the model, with every setting that differs from it."""
        return self.run.model

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the trunk's weights and all settings."""
        return self.run.fingerprint

    @property
    def settings(self) -> Mapping[str, Any]:
        """Of the metric, and of how the images were read."""
        return self.run.settings

    @property
    def weights(self) -> tuple[float, ...]:
        """Weight of each of the levels in the score."""
        return self.run.weights(len(self.levels))

    @property
    def size_difference(self) -> str:
        """What the sizes of the two images are and why, or "" if they are equal or unknown."""
        return size_difference(self.reference_size, self.distorted_size, self.notes)

    def __float__(self) -> float:
        return float("nan") if self.score is None else self.score

    def __lt__(self, other: object) -> bool:
        return float(self) < self._number(other)

    def __le__(self, other: object) -> bool:
        return float(self) <= self._number(other)

    def __gt__(self, other: object) -> bool:
        return float(self) > self._number(other)

    def __ge__(self, other: object) -> bool:
        return float(self) >= self._number(other)

    def _number(self, other: object) -> float:
        """What to compare with: a number, or a score of the same model."""
        if isinstance(other, Score):
            if other.fingerprint != self.fingerprint:
                raise InputError(
                    f"Scores of two models mean different things: {self.model}, fingerprint "
                    f"{self.fingerprint[:16]}, and {other.model}, fingerprint "
                    f"{other.fingerprint[:16]}."
                )
            return float(other)
        if isinstance(other, (int, float)):
            return float(other)
        raise TypeError(f"A score was compared with {type(other).__name__}; expected a number.")

    def _repr_html_(self) -> str:
        """The record for notebooks: the score, its levels as bars, and what was done."""
        return score_html(self)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-able values: one line of JSON Lines."""
        return {
            "reference": self.reference,
            "distorted": self.distorted,
            **self.columns,
            "score": self.score,
            "levels": list(self.levels),
            "weights": list(self.weights),
            "error": self.error,
            "model": self.model,
            "fingerprint": self.fingerprint,
            "settings": dict(self.settings),
            **self._own(),
        }

    def _own(self) -> dict[str, Any]:
        return {
            "notes": list(self.notes),
            "reference_size": self.reference_size and list(self.reference_size),
            "distorted_size": self.distorted_size and list(self.distorted_size),
            "reference_sha256": self.reference_sha256,
            "distorted_sha256": self.distorted_sha256,
            "seconds": round(self.seconds, 6),
        }

    def to_journal(self) -> dict[str, Any]:
        """The record without what all pairs of a run have in common, and without columns."""
        return {
            "reference": self.reference,
            "distorted": self.distorted,
            "score": self.score,
            "levels": list(self.levels),
            "error": self.error,
            **self._own(),
        }

    @classmethod
    def of(cls, pair: Pair, run: Run, values: Mapping[str, Any] | None = None) -> Score:
        """The record of a pair, from what a journal kept: `to_journal` and columns found out.

        Raises
        ------
        KeyError, TypeError, ValueError
            If these are no such values.
        """
        values = values or {}
        found = {name: values[name] for name in _JOURNALED} if values else {}
        for name in _TUPLES:
            if found.get(name) is not None:
                found[name] = tuple(found[name])
        columns = {**pair.columns, **values.get("columns", {})}
        return cls(pair.reference, pair.distorted, run=run, columns=columns, **found)


_TUPLES = ("levels", "notes", "reference_size", "distorted_size")
_JOURNALED = (
    *("score", "levels", "error", "notes", "reference_size", "distorted_size"),
    *("reference_sha256", "distorted_sha256", "seconds"),
)
RECORD_FIELDS = tuple(Score("", "").to_dict())
"""Keys of a record, besides the carried columns."""
