"""The marks of points: ten shapes, so that no meaning rests on colour alone."""

from __future__ import annotations

import math
from itertools import pairwise

Corners = list[tuple[float, float]]

_STAR: Corners = [
    (r * math.sin(math.pi * k / 5), -r * math.cos(math.pi * k / 5))
    for k, r in enumerate([1.25, 0.56] * 5)
]
_CROSS: Corners = [(-1, -0.6), (-0.6, -1), (0, -0.4), (0.6, -1), (1, -0.6), (0.4, 0)]
_PLUS: Corners = [(-0.35, -1.05), (0.35, -1.05), (0.35, -0.35), (1.05, -0.35), (1.05, 0.35)]
_PLUS += [(0.35, 0.35)]

# Corners in units of half a mark's width; plus and cross are given by half and turned for the rest.
SHAPES: dict[str, Corners] = {
    "circle": [],
    "square": [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
    "up": [(0, -1.15), (1.05, 0.75), (-1.05, 0.75)],
    "diamond": [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)],
    "down": [(0, 1.15), (1.05, -0.75), (-1.05, -0.75)],
    "plus": _PLUS + [(-x, -y) for x, y in _PLUS],
    "cross": _CROSS + [(-x, -y) for x, y in _CROSS],
    "left": [(-1.15, 0), (0.75, -1.05), (0.75, 1.05)],
    "right": [(1.15, 0), (-0.75, -1.05), (-0.75, 1.05)],
    "star": _STAR,
}


def mark(index: int, x: float, y: float, size: float) -> str:
    """Path of the n-th kind's mark around a place; `size` is half its width."""
    corners = list(SHAPES.values())[index % len(SHAPES)]
    if not corners:
        r = number(size)
        arcs = f"a{r} {r} 0 1 0 {number(2 * size)} 0a{r} {r} 0 1 0 {number(-2 * size)} 0z"
        return f"M{number(x - size)} {number(y)}{arcs}"
    first = f"M{number(x + size * corners[0][0])} {number(y + size * corners[0][1])}l"
    steps = (
        f"{number(size * (b[0] - a[0]))} {number(size * (b[1] - a[1]))}"
        for a, b in pairwise(corners)
    )
    return first + " ".join(steps) + "z"


def number(value: float) -> str:
    """A number of pixels, as short as it can be."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
