"""Encoders against an anchor: per image, and over all images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from msds.errors import InputError, require
from msds.sweeps.bjontegaard import METHODS, Curve, Delta, Mean, Method, delta, mean_of, percent
from msds.sweeps.points import LEAD, Point, grouped


@dataclass(frozen=True)
class Versus:
    """One encoder against the anchor, by one metric.

    Attributes
    ----------
    codec, metric : which.
    deltas : by method of interpolation, of each image that both have.
    """

    codec: str
    metric: str
    deltas: Mapping[Method, Mapping[str, Delta]]

    def rate(self, method: Method = "akima") -> Mean:
        """BD-rate in per cent: the mean of the logarithms over images, with its interval.

        So what one encoder saves against another, the other costs against it.
        """
        mean = mean_of([one.log_rate for one in self._usable(method)])
        return mean.map(percent)

    def quality(self, method: Method = "akima") -> Mean:
        """BD-quality: the mean over images, with its interval."""
        return mean_of([one.quality for one in self._usable(method)])

    @property
    def images(self) -> int:
        """How many the means are over."""
        return len(self._usable("akima"))

    @property
    def overlap(self) -> float:
        """Share of the scores that both curves reach, mean over the images."""
        return mean_of([one.overlap for one in self._usable("akima")]).value

    @property
    def problems(self) -> dict[str, int]:
        """Why images have no number, and how many."""
        found = self.deltas["akima"].values()
        return dict(Counter(one.problem for one in found if one.problem))

    def _usable(self, method: Method) -> list[Delta]:
        return [one for one in self.deltas[method].values() if not one.problem]


class Comparison:
    """Curves of all encoders against those of an anchor.

    Parameters
    ----------
    points : of all encoders.
    anchor : name of one of them.
    metrics : beside the model's score.

    Raises
    ------
    InputError
        If there is no such encoder, or no other.
    """

    def __init__(self, points: Sequence[Point], anchor: str, metrics: Sequence[str] = ()) -> None:
        self.points: list[Point] = list(points)
        self.curves: dict[str, dict[str, list[Point]]] = grouped(points)
        self.anchor = anchor
        self.metrics: tuple[str, ...] = (LEAD, *metrics)
        if anchor not in self.curves:
            known = ", ".join(self.curves) or "none"
            raise InputError(f"There are no scores of the anchor {anchor!r}: found {known}.")

    @property
    def others(self) -> list[str]:
        """The encoders besides the anchor."""
        return [codec for codec in self.curves if codec != self.anchor]

    @cached_property
    def versus(self) -> list[Versus]:
        """Each of the others against the anchor, by each metric."""
        return [self._versus(codec, metric) for codec in self.others for metric in self.metrics]

    def _versus(self, codec: str, metric: str) -> Versus:
        anchor, test = self.curves[self.anchor], self.curves[codec]
        pairs = {
            image: (Curve.of(anchor[image], metric), Curve.of(test[image], metric))
            for image in anchor
            if image in test
        }
        return Versus(
            codec,
            metric,
            {
                method: {image: delta(*both, method) for image, both in pairs.items()}
                for method in METHODS
            },
        )


@dataclass(frozen=True)
class Matched:
    """A setting of an encoder that is as good as one of the anchor's, over the same images.

    Attributes
    ----------
    anchor, test : points of the images, in the same order.
    """

    anchor: tuple[Point, ...]
    test: tuple[Point, ...]

    @property
    def saved(self) -> float:
        """Share of the anchor's bytes that are saved over all images; below 0 if more are spent."""
        return 1 - sum(p.bytes for p in self.test) / sum(p.bytes for p in self.anchor)

    @property
    def scores(self) -> tuple[float, float]:
        """Mean scores of the anchor's setting and of the other."""
        a, b = (np.mean([p.scores[LEAD] for p in one]) for one in (self.anchor, self.test))
        return float(a), float(b)


def matched(comparison: Comparison, codec: str, quality: float) -> Matched | None:
    """The cheapest setting of an encoder whose mean score reaches that of the anchor's setting.

    None if none does. Only images count that have both.

    Raises
    ------
    InputError
        If the anchor was not swept at this setting.
    """
    anchor = _at(comparison, comparison.anchor, quality)
    if not anchor:
        raise InputError(f"{comparison.anchor} was not swept at {quality:g}.")
    best: Matched | None = None
    curves = comparison.curves[codec]
    for setting in {p.quality for curve in curves.values() for p in curve}:
        test = _at(comparison, codec, setting)
        common = [image for image in anchor if image in test]
        one = Matched(tuple(anchor[i] for i in common), tuple(test[i] for i in common))
        if common and one.scores[1] >= one.scores[0] and (best is None or one.saved > best.saved):
            best = one
    return best


def _at(comparison: Comparison, codec: str, quality: float | None) -> dict[str, Point]:
    curves = comparison.curves[codec]
    return {i: p for i, curve in curves.items() for p in curve if p.quality == quality}


def rate_at(curve: Curve, score: float) -> float:
    """Bits per pixel that a curve takes for a score, by PCHIP; nan outside it."""
    if len(curve.rates) < 2 or not curve.scores[0] <= score <= curve.scores[-1]:
        return float("nan")
    interpolate = require("scipy.interpolate", "sweep").PchipInterpolator
    return float(np.exp(interpolate(curve.scores, np.log(curve.rates))(score)))


def score_at(curve: Curve, rate: float) -> float:
    """The score of a curve at a rate, by PCHIP over the logarithm of the rate; nan outside it."""
    if len(curve.rates) < 2 or not curve.rates[0] <= rate <= curve.rates[-1]:
        return float("nan")
    interpolate = require("scipy.interpolate", "sweep").PchipInterpolator
    return float(interpolate(np.log(curve.rates), curve.scores)(np.log(rate)))
