"""What all charts share: scales, ticks, axes, and the marks of a kind."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from msds.report.charts.marks import mark, number
from msds.report.markup import shown

COLOURS = 7
"""Colours that the style sheet has, by the classes k0 to k6."""

DASHES = ("", "7 4", "2 3", "9 3 2 3")
LETTER = 15.0
"""Size of letters that the layout reckons with, in pixels: that of the style sheet's figures."""

_MEAN_ADVANCE = 0.6  # of the letters of common sans-serif fonts, in units of their size


@dataclass(frozen=True)
class Key:
    """An entry of a legend.

    Attributes
    ----------
    index : which kind, which gives it colour and mark; None for what is drawn in ink.
    sign : "mark", "line", "both", "diamond", "column", "span" or "level".
    """

    name: str
    index: int | None
    sign: str = "mark"

    def svg(self) -> str:
        """The sign by itself."""
        kind = "ink" if self.index is None else f"k{self.index % COLOURS}"
        index = self.index or 0
        line = f'<path class="line {kind}"{dashes(index)} d="M0 8h28"/>'
        point = f'<path class="mark {kind}" d="{mark(index, 14, 8, 5)}"/>'
        drawn = {
            "mark": point,
            "line": line,
            "both": line + point,
            "diamond": f'<path class="mark {kind}" d="{mark(3, 14, 8, 6)}"/>',
            "column": '<path class="column" d="M7 15V3h14v12z"/>',
            "span": '<path class="span" d="M14 1v14"/>',
            "level": '<path class="level" d="M0 8h28"/>',
        }
        size = 'width="28" height="16" aria-hidden="true"'
        return f'<svg class="sign" {size}>{drawn[self.sign]}</svg>'


class Chart(ABC):
    """Something that can be drawn as SVG.

    Attributes
    ----------
    picks : whether a kind can be picked out by its entry in the legend.
    """

    picks = False

    @abstractmethod
    def svg(self, width: float) -> str:
        """The chart, so many pixels wide, with letters of the size of the page's."""

    def legend(self) -> list[Key]:
        """What its marks mean; empty where there is nothing to tell apart."""
        return []


def dashes(index: int) -> str:
    """Attribute that dashes the n-th kind's line."""
    pattern = DASHES[index % len(DASHES)]
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def text_width(text: str) -> float:
    """About how wide a text is, in pixels."""
    return len(text) * LETTER * _MEAN_ADVANCE


def fitted(text: str, width: float) -> str:
    """A text cut to a width, with an ellipsis where something is missing."""
    most = max(3, int(width / (LETTER * _MEAN_ADVANCE)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


@dataclass(frozen=True)
class Scale:
    """From values to pixels.

    Attributes
    ----------
    low, high : ends of the values; low < high.
    start, end : where these are drawn.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, gap: float = 60.0) -> list[float]:
        """Round values within the scale, no closer than `gap` pixels."""
        count = abs(self.end - self.start) / gap
        step = round_step((self.high - self.low) / count)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= least * (1 - 1e-9))


def spanning(values: Iterable[float], share: float = 0.04) -> tuple[float, float]:
    """Ends of a scale that holds all finite values with a little room around."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    room = share * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room


def tick_texts(ticks: Sequence[float]) -> list[str]:
    """Values of ticks with as many decimals as their distance needs."""
    if len(ticks) == 1:
        return [f"{ticks[0]:g}"]
    step = min((b - a for a, b in pairwise(ticks)), default=0.0)
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 2
    return [f"{tick + 0.0:.{digits}f}" for tick in ticks]


@dataclass
class Canvas:
    """SVG elements in their order, and the frame that they lie in."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    parts: list[str] = field(default_factory=list)

    def x(self, low: float, high: float) -> Scale:
        """A scale along the frame."""
        return Scale(low, high, self.left, self.width - self.right)

    def y(self, low: float, high: float) -> Scale:
        """A scale up the frame."""
        return Scale(low, high, self.height - self.bottom, self.top)

    def add(self, *parts: str) -> None:
        """Draw elements."""
        self.parts += parts

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """A text whose baseline is at y."""
        self.parts.append(
            f'<text x="{number(x)}" y="{number(y)}" class="{kind}" text-anchor="{anchor}">'
            f"{shown(text)}</text>"
        )

    def x_axis(self, scale: Scale, label: str, names: Sequence[str] | None = None) -> None:
        """Ticks below the frame and what they count; `names` are those of 1, 2, ..."""
        ticks = scale.ticks() if names is None else [k + 1.0 for k in range(len(names))]
        base = self.height - self.bottom
        end = number(self.width - self.right)
        self.add(f'<path class="axis" d="M{number(self.left)} {number(base)}H{end}"/>')
        for tick, text in zip(ticks, tick_texts(ticks) if names is None else names, strict=True):
            half = text_width(text) / 2
            place = max(half, min(scale(tick), self.width - half))  # wholly within the drawing
            self.text(place, base + 20, text, "tick", "middle")
        room = self.width - self.right - 20
        self.text(self.width - self.right, base + 43, f"{fitted(label, room)} →", "label", "end")

    def y_axis(self, scale: Scale, label: str) -> None:
        """Lines across the frame with their values, and above what these count."""
        ticks = scale.ticks(44)
        path = "".join(
            f"M{number(self.left)} {number(scale(tick))}H{number(self.width - self.right)}"
            for tick in ticks
        )
        self.add(f'<path class="grid" d="{path}"/>')
        for tick, text in zip(ticks, tick_texts(ticks), strict=True):
            self.text(self.left - 8, scale(tick) + 5, text, "tick", "end")
        self.text(0, 14, f"↑ {fitted(label, self.width - 20)}", "label")

    def svg(self) -> str:
        """The whole drawing."""
        size = f'width="{number(self.width)}" height="{number(self.height)}"'
        return f'<svg class="chart" {size}>{"".join(self.parts)}</svg>'


def y_margin(low: float, high: float, height: float) -> float:
    """Room on the left for the values of a scale of this height."""
    texts = tick_texts(Scale(low, high, height, 0.0).ticks(44))
    return 12 + max(text_width(text) for text in texts or ["0"])
