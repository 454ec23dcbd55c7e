"""One record per pair: what came out, and everything needed to know how."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from msds.errors import InputError
from msds.pairs import Pair

Size = tuple[int, int]


def size_difference(reference: Size | None, distorted: Size | None) -> str:
    """What two sizes are, in words, or "" if they are equal or one is unknown."""
    if not reference or not distorted or reference == distorted:
        return ""
    (a, b), (c, d) = reference, distorted
    return f"sizes differ: {a} x {b} against {c} x {d}"


@dataclass(frozen=True)
class Outcome:
    """What became of one pair.

    Attributes
    ----------
    score : 1 for identical images, higher is better; None if the pair could not be scored.
    levels : DeepSSIM of each level, from full size down.
    notes : what was done to the images and to the levels, in words.
    reference_size, distorted_size : (width, height) in pixels, if the file could be read.
    reference_sha256, distorted_sha256 : digests of the files.
    seconds : time spent on this pair; what several pairs need counts for the first of them.
    error : why there is no score.
    """

    score: float | None = None
    levels: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    reference_size: Size | None = None
    distorted_size: Size | None = None
    reference_sha256: str | None = None
    distorted_sha256: str | None = None
    seconds: float = 0.0
    error: str | None = None

    @property
    def size_difference(self) -> str:
        """What the sizes of the two images are, in words, or "" if they are equal or unknown."""
        return size_difference(self.reference_size, self.distorted_size)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Outcome:
        """The outcome that `dataclasses.asdict` and JSON made `values` of."""
        fields = {name: values[name] for name in cls.__dataclass_fields__}
        tuples = ("levels", "notes", "reference_size", "distorted_size")
        fields.update({name: tuple(fields[name]) for name in tuples if fields[name] is not None})
        return cls(**fields)


@dataclass(frozen=True)
class Run:
    """What all pairs of a run have in common.

    Attributes
    ----------
    model : id of the model, with every setting that differs from it.
    fingerprint : SHA-256 over the trunk's weights and all settings of the metric.
    settings : of the metric, and of how images are read.
    """

    model: str
    fingerprint: str
    settings: Mapping[str, Any]

    @property
    def levels(self) -> int:
        """Most levels that a score of this run has."""
        return int(self.settings.get("levels", 0))


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """Names of the settings in which two runs differ, or "" if there are none."""
    names = sorted({*first, *second})
    return ", ".join(name for name in names if first.get(name) != second.get(name))


RECORD_FIELDS = (
    "reference",
    "distorted",
    "score",
    "levels",
    "error",
    "model",
    "fingerprint",
    "settings",
    "notes",
    "reference_size",
    "distorted_size",
    "reference_sha256",
    "distorted_sha256",
    "seconds",
)
"""Keys of a record in JSON Lines, besides the carried columns."""


def record(pair: Pair, run: Run, outcome: Outcome) -> dict[str, Any]:
    """One line of JSON Lines."""
    return {
        "reference": pair.reference,
        "distorted": pair.distorted,
        **pair.columns,
        "score": outcome.score,
        "levels": list(outcome.levels),
        "error": outcome.error,
        "model": run.model,
        "fingerprint": run.fingerprint,
        "settings": dict(run.settings),
        "notes": list(outcome.notes),
        "reference_size": outcome.reference_size and list(outcome.reference_size),
        "distorted_size": outcome.distorted_size and list(outcome.distorted_size),
        "reference_sha256": outcome.reference_sha256,
        "distorted_sha256": outcome.distorted_sha256,
        "seconds": round(outcome.seconds, 6),
    }


def flat_fields(columns: Iterable[str], levels: int) -> list[str]:
    """Names of the columns of a table."""
    return [
        "reference",
        "distorted",
        *columns,
        "score",
        *(f"level_{k + 1}" for k in range(levels)),
        "error",
        "model",
        "fingerprint",
        "settings",
        "notes",
        "reference_width",
        "reference_height",
        "distorted_width",
        "distorted_height",
        "reference_sha256",
        "distorted_sha256",
        "seconds",
    ]


def flat(pair: Pair, run: Run, outcome: Outcome, columns: Iterable[str]) -> dict[str, Any]:
    """One row of a table: no lists and no objects in its cells."""
    sizes = {
        f"{role}_{side}": size[k] if size else None
        for role, size in (
            ("reference", outcome.reference_size),
            ("distorted", outcome.distorted_size),
        )
        for k, side in enumerate(("width", "height"))
    }
    levels = {
        f"level_{k + 1}": outcome.levels[k] if k < len(outcome.levels) else None
        for k in range(run.levels)
    }
    return {
        **record(pair, run, outcome),
        **{name: _cell(pair.columns.get(name)) for name in columns},
        **levels,
        **sizes,
        "settings": json.dumps(run.settings, sort_keys=True),
        "notes": "; ".join(outcome.notes),
    }


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def check_columns(columns: Iterable[str], levels: int) -> None:
    """Refuse carried columns that have the name of one of the results' own."""
    taken = {*RECORD_FIELDS, *flat_fields((), levels)}
    for name in columns:
        if name in taken:
            raise InputError(
                f"Results have a column {name!r} of their own: give that column of the manifest or "
                "field of the pattern another name."
            )
