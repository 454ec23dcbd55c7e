"""Many points of several kinds, and a curve through them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from msds.report.charts.base import (
    COLOURS,
    Canvas,
    Chart,
    Key,
    spanning,
    y_margin,
)
from msds.report.charts.marks import mark, number

_MANY = 500
Points = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class Scatter(Chart):
    """Points (x, y) by kind; the kinds differ in colour and in shape.

    Attributes
    ----------
    kinds : points by name; the name "" stands for points of no kind.
    curve : points of a line, and its name.
    """

    kinds: dict[str, Points]
    xlabel: str
    ylabel: str
    curve: tuple[str, Points] | None = None

    picks = True

    def svg(self, width: float) -> str:
        """The chart."""
        height = min(440.0, 0.72 * width + 60)
        points = list(self.kinds.values())
        xs = spanning(x for line, _ in points for x in line)
        ys = spanning(y for _, line in points for y in line)
        canvas = Canvas(width, height, y_margin(*ys, height - 80), 22, 30, 52)
        x, y = canvas.x(*xs), canvas.y(*ys)
        canvas.y_axis(y, self.ylabel)
        canvas.x_axis(x, self.xlabel)
        count = sum(len(line) for line, _ in points)
        size = 4.5 if count < _MANY else 2.8
        for index, (across, up) in enumerate(points):
            path = "".join(
                mark(index, x(a), y(b), size)
                for a, b in zip(across, up, strict=True)
                if math.isfinite(a) and math.isfinite(b)
            )
            canvas.add(f'<path class="mark k{index % COLOURS}" data-kind="{index}" d="{path}"/>')
        if self.curve is not None:
            ends = (min(ys), max(ys))
            places = [
                f"{number(x(a))} {number(y(min(max(b, ends[0]), ends[1])))}"
                for a, b in zip(*self.curve[1], strict=True)
            ]
            canvas.add(f'<path class="line ink" d="M{"L".join(places)}"/>')
        return canvas.svg()

    def legend(self) -> list[Key]:
        """The kinds and the curve."""
        keys = [Key(name, index) for index, name in enumerate(self.kinds) if name]
        return keys + ([Key(self.curve[0], None, "line")] if self.curve is not None else [])
