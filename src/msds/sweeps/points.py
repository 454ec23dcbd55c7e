"""Rows of results as points of rate-quality curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msds.results import Score

LEAD = "score"
"""Name of the model's score among the scores of a point."""


@dataclass(frozen=True)
class Point:
    """An image, encoded at a setting.

    Attributes
    ----------
    image : name of the reference.
    codec : name of the encoder.
    quality : its setting; None where a table does not say.
    bytes : of the file.
    rate : bits per pixel.
    scores : by the names of the metrics; higher is better. What is missing has no entry.
    encode_seconds : None where it was not measured.
    """

    image: str
    codec: str
    quality: float | None
    bytes: int
    rate: float
    scores: Mapping[str, float]
    encode_seconds: float | None = None
    distorted: str = ""


def points_of(scores: Iterable[Score], metrics: Sequence[str] = (), codec: str = "") -> list[Point]:
    """The points of records that have a score and a size in bytes.

    Parameters
    ----------
    metrics : columns that hold scores of other metrics.
    codec : of records that do not name one.
    """
    found = []
    for one in scores:
        size, sides = one.columns.get("bytes"), one.distorted_size
        if one.score is None or not size or sides is None:
            continue
        rate = one.columns.get("bits_per_pixel")
        found.append(
            Point(
                one.reference,
                str(one.columns.get("codec") or codec),
                _number(one.columns.get("quality")),
                int(size),
                float(rate) if rate else 8 * int(size) / (sides[0] * sides[1]),
                {LEAD: one.score, **_others(one.columns, metrics)},
                one.columns.get("encode_seconds"),
                one.distorted,
            )
        )
    return found


def _others(columns: Mapping[str, Any], metrics: Sequence[str]) -> dict[str, float]:
    found = {name: _number(columns.get(name)) for name in metrics}
    return {name: value for name, value in found.items() if value is not None}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def grouped(points: Iterable[Point]) -> dict[str, dict[str, list[Point]]]:
    """Points by encoder and image, each curve from the lowest rate up."""
    found: dict[str, dict[str, list[Point]]] = {}
    for point in points:
        found.setdefault(point.codec, {}).setdefault(point.image, []).append(point)
    for images in found.values():
        for curve in images.values():
            curve.sort(key=lambda point: (point.rate, point.quality or 0.0))
    return found
