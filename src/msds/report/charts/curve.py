"""A score over time, of any number of moments: a line, its spread, and marks where it is worst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from msds.report.charts.base import Canvas, Chart, spanning, y_margin
from msds.report.charts.marks import mark, number
from msds.report.markup import shown

_STEP = 2.0
"""Pixels for which there is one point of the line, where there are more moments."""


@dataclass(frozen=True)
class Curve(Chart):
    """Values over time.

    Attributes
    ----------
    x, y : the moments, x rising.
    marked : which of them have a mark; each is a `g` element with its place in this list in
        `data-moment`.
    texts : what each mark says to who points at it.
    """

    x: Sequence[float]
    y: Sequence[float]
    marked: Sequence[int]
    texts: Sequence[str]
    xlabel: str
    ylabel: str

    def svg(self, width: float) -> str:
        """The chart."""
        height = 0.1 * width + 230
        low, high = spanning(self.y)
        canvas = Canvas(width, height, y_margin(low, high, height - 82), 22, 30, 52)
        x, y = canvas.x(*spanning(self.x, 0.01)), canvas.y(low, high)
        canvas.y_axis(y, self.ylabel)
        canvas.x_axis(x, self.xlabel)
        points = list(self._points(max(2, int((x.end - x.start) / _STEP))))
        spans = "".join(
            f"M{number(x(t))} {number(y(least))}V{number(y(most))}"
            for t, _, least, most in points
            if most > least
        )
        line = "L".join(f"{number(x(t))} {number(y(mean))}" for t, mean, _, _ in points)
        canvas.add(f'<path class="whisker k0" d="{spans}"/>' if spans else "")
        canvas.add(f'<path class="line k0" d="M{line}"/>')
        for index, (moment, text) in enumerate(zip(self.marked, self.texts, strict=True)):
            place, up = x(self.x[moment]), y(self.y[moment])
            canvas.add(
                f'<g data-moment="{index}"><title>{shown(text)}</title>'
                f'<path class="mark k1" d="{mark(0, place, up, 5)}"/>'
                f'<circle cx="{number(place)}" cy="{number(up)}" r="11" fill="none" '
                'pointer-events="all"/></g>'
            )
        return canvas.svg()

    def _points(self, most: int) -> Iterator[tuple[float, float, float, float]]:
        """Time, mean, least and greatest value, of each moment or of some together."""
        times, values = np.asarray(self.x, np.float64), np.asarray(self.y, np.float64)
        edges = np.linspace(0, len(times), min(most, len(times)) + 1).round().astype(int)
        for start, stop in pairwise(edges):
            part = values[start:stop]
            middle = float(times[start:stop].mean())
            yield middle, float(part.mean()), float(part.min()), float(part.max())
