"""Lines of several kinds, told apart by colour, mark and dash."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msds.report.charts.base import (
    COLOURS,
    Canvas,
    Chart,
    Key,
    Scale,
    dashes,
    spanning,
    y_margin,
)
from msds.report.charts.marks import mark, number
from msds.report.markup import shown

_POINTED = 9
"""Radius of the place around a mark where a pointer finds it, in pixels."""


@dataclass(frozen=True)
class Line:
    """Points of a line.

    Attributes
    ----------
    low, high : ends of their intervals, where there are any.
    texts : what each says to who points at it, where it says anything.
    """

    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Lines(Chart):
    """Lines by name.

    Attributes
    ----------
    names : of the places 1, 2, ... on the axis of x, where these are not numbers.
    """

    lines: Mapping[str, Line]
    xlabel: str
    ylabel: str
    names: Sequence[str] | None = None

    picks = True

    def svg(self, width: float) -> str:
        """The chart."""
        height = min(400.0, 0.62 * width + 80)
        lines = list(self.lines.values())
        ys = spanning(v for line in lines for v in (*line.y, *line.low, *line.high))
        canvas = Canvas(width, height, y_margin(*ys, height - 82), 22, 30, 52)
        x, y = canvas.x(*spanning(v for line in lines for v in line.x)), canvas.y(*ys)
        canvas.y_axis(y, self.ylabel)
        canvas.x_axis(x, self.xlabel, self.names)
        together = len({tuple(line.x) for line in lines}) == 1
        for index, line in enumerate(lines):
            # Side by side where all have the same places, and so intervals upon each other.
            shift = 5 * (index - (len(lines) - 1) / 2) if line.low and together else 0.0
            canvas.add(*_drawn(line, index, [x(value) + shift for value in line.x], y))
        return canvas.svg()

    def legend(self) -> list[Key]:
        """The lines."""
        return [Key(name, index, "both") for index, name in enumerate(self.lines)]


def _drawn(line: Line, index: int, places: Sequence[float], y: Scale) -> list[str]:
    """A line's intervals, the line itself, and its marks."""
    kind = f'k{index % COLOURS}" data-kind="{index}"'
    found = [(place, y(v)) for place, v in zip(places, line.y, strict=True) if math.isfinite(v)]
    ends = zip(places, line.low, line.high, strict=False)
    spans = [
        f"M{number(place)} {number(y(low))}V{number(y(high))}"
        for place, low, high in ends
        if math.isfinite(low) and math.isfinite(high)
    ]
    steps = "L".join(f"{number(place)} {number(up)}" for place, up in found)
    marks = "".join(mark(index, place, up, 5) for place, up in found)
    drawn = [f'<path class="whisker {kind} d="{"".join(spans)}"/>'] if spans else []
    if found:
        drawn.append(f'<path class="line {kind}{dashes(index)} d="M{steps}"/>')
        drawn.append(f'<path class="mark {kind} d="{marks}"/>')
    told = zip(places, line.y, line.texts, strict=False)
    return drawn + [_pointed_at(x, y(v), text) for x, v, text in told if math.isfinite(v)]


def _pointed_at(x: float, y: float, text: str) -> str:
    """A place, larger than its mark, that shows a text to who points at it."""
    circle = f'<circle cx="{number(x)}" cy="{number(y)}" r="{_POINTED}"'
    return f'{circle} fill="none" pointer-events="all"><title>{shown(text)}</title></circle>'
