"""Numbers with their intervals, one line each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from msds.report.charts.base import Canvas, Chart, fitted, spanning, text_width
from msds.report.charts.marks import number

_ROW, _NARROW = 34.0, 500.0


@dataclass(frozen=True)
class Intervals(Chart):
    """(value, low, high) by name, the largest value at the top; nan where there is no interval.

    Attributes
    ----------
    digits : decimals that values are shown with.
    """

    values: Mapping[str, tuple[float, float, float]]
    label: str
    digits: int = 3

    def svg(self, width: float) -> str:
        """The chart; on a narrow one names stand above their lines."""
        order = sorted(self.values, key=lambda name: -self.values[name][0])
        above = width < _NARROW
        row = _ROW + 22 if above else _ROW
        left = 8.0 if above else min(0.42 * width, 24 + max(map(text_width, order)))
        canvas = Canvas(width, 56 + row * len(order), left, 56, 4, 52)
        x = canvas.x(*spanning(v for values in self.values.values() for v in values))
        ticks = "".join(f"M{number(x(tick))} 4V{number(canvas.height - 52)}" for tick in x.ticks())
        canvas.add(f'<path class="grid" d="{ticks}"/>')
        for index, name in enumerate(order):
            value, low, high = self.values[name]
            y = 4 + row * (index + 0.5) + (8 if above else 0)
            if above:
                canvas.text(0, y - 13, fitted(name, width))
            else:
                canvas.text(left - 14, y + 5, fitted(name, left - 14), "", "end")
            if math.isfinite(low) and math.isfinite(high):
                canvas.add(
                    f'<path class="span" d="M{number(x(low))} {number(y)}H{number(x(high))}"/>'
                )
            canvas.add(f'<circle class="dot" cx="{number(x(value))}" cy="{number(y)}" r="5"/>')
            end = max(v for v in (value, high) if math.isfinite(v))
            canvas.text(x(end) + 10, y + 5, f"{value:.{self.digits}f}", "value")
        canvas.x_axis(x, self.label)
        return canvas.svg()
