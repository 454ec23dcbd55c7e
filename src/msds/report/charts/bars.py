"""Columns with what surrounds them, and how often values occur."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from msds.report.charts.base import (
    Canvas,
    Chart,
    Key,
    fitted,
    round_step,
    y_margin,
)
from msds.report.charts.marks import mark, number


@dataclass(frozen=True)
class Columns(Chart):
    """A column for each name, its spread, a point, and a level that all may be compared with.

    Attributes
    ----------
    heights, low, high, points : one number for each name.
    level : drawn across all columns.
    meanings : of columns, spreads, points and level, for the legend.
    """

    names: Sequence[str]
    heights: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    points: Sequence[float]
    level: float
    label: str
    meanings: tuple[str, str, str, str]

    def svg(self, width: float) -> str:
        """The chart."""
        width = min(width, 90.0 * len(self.names) + 90)
        top = max((*self.heights, *self.high, *self.points, self.level)) * 1.08 or 1.0
        canvas = Canvas(width, 340, y_margin(0.0, top, 280), 8, 30, 30)
        y = canvas.y(0.0, top)
        canvas.y_axis(y, self.label)
        step = (width - canvas.left - canvas.right) / len(self.names)
        for k, name in enumerate(self.names):
            x, base = canvas.left + step * (k + 0.5), y(0.0)
            half = min(28.0, 0.34 * step)
            up = number(y(self.heights[k]))
            canvas.add(
                f'<path class="column" d="M{number(x - half)} {number(base)}V{up}'
                f'h{number(2 * half)}V{number(base)}z"/>',
                f'<path class="span" d="M{number(x)} {number(y(self.low[k]))}'
                f'V{number(y(self.high[k]))}"/>',
                f'<path class="mark k1" d="{mark(3, x, y(self.points[k]), 6)}"/>',
            )
            canvas.text(x, canvas.height - 8, fitted(name, step), "tick", "middle")
        line = f"M{number(canvas.left)} {number(y(self.level))}H{number(width - canvas.right)}"
        canvas.add(f'<path class="level" d="{line}"/>')
        return canvas.svg()

    def legend(self) -> list[Key]:
        """What stands for what."""
        columns, spreads, points, level = self.meanings
        return [
            Key(columns, None, "column"),
            Key(spreads, None, "span"),
            Key(points, 1, "diamond"),
            Key(level, None, "level"),
        ]


@dataclass(frozen=True)
class Histogram(Chart):
    """How many values lie in each part of their range, which ends at `high`."""

    values: Sequence[float]
    high: float
    label: str
    most: int = 40

    @property
    def edges(self) -> list[float]:
        """Ends of the parts, at round values."""
        finite = [value for value in self.values if math.isfinite(value)]
        low = min(finite, default=self.high - 1)
        step = round_step(max((self.high - low) / self.most, 1e-6))
        first = math.floor(min(low, self.high - step) / step + 1e-9)
        last = math.ceil(self.high / step - 1e-9)
        return [k * step for k in range(first, last + 1)]

    def counts(self) -> list[int]:
        """Values in each part, both ends of the last one with it."""
        edges = self.edges
        found = [0] * (len(edges) - 1)
        step = edges[1] - edges[0]
        for value in self.values:
            if math.isfinite(value):
                place = math.floor((value - edges[0]) / step + 1e-9)
                found[min(max(place, 0), len(found) - 1)] += 1
        return found

    def svg(self, width: float) -> str:
        """The chart; each column says which part it is."""
        counts, edges = self.counts(), self.edges
        top = 1.08 * max(counts) or 1.0
        canvas = Canvas(width, 230, y_margin(0.0, top, 150), 22, 30, 52)
        x, y = canvas.x(edges[0], edges[-1]), canvas.y(0.0, top)
        canvas.y_axis(y, "pairs")
        for count, (low, high) in zip(counts, pairwise(edges), strict=True):
            if count:
                side = max(1.0, x(high) - x(low) - 1)
                canvas.add(
                    f'<rect class="column" x="{number(x(low) + 0.5)}" y="{number(y(count))}" '
                    f'width="{number(side)}" height="{number(y(0) - y(count))}" '
                    f'data-low="{low:.6g}" data-high="{high:.6g}">'
                    f"<title>{low:.6g} to {high:.6g}: {count}</title></rect>"
                )
        canvas.x_axis(x, self.label)
        return canvas.svg()
