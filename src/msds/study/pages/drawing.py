"""Colours, markers and saving of plots: readable in print, in grey, and by the colour-blind."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msds.errors import require

# Okabe and Ito's palette without its yellow, which is too pale for print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
# Shapes differ as well, so that no meaning rests on colour alone.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
LINES = ("-", "--", "-.", ":")
_RC = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "figure.facecolor": "white",
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def style(index: int) -> dict[str, Any]:
    """Colour and marker of the n-th kind; no two of the first seventy are alike."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "marker": MARKERS[index % len(MARKERS)],
    }


@contextmanager
def figure(width: float = 7.0, height: float = 4.2, columns: int = 1) -> Iterator[tuple[Any, Any]]:
    """A figure and its axes (a list where there are several columns), closed at the end."""
    matplotlib = require("matplotlib", "study")
    backend = require("matplotlib.backends.backend_agg", "study")
    figures = require("matplotlib.figure", "study")
    with matplotlib.rc_context(_RC):
        # Without pyplot: no window system is asked for, and nothing global is left behind.
        drawing = figures.Figure(figsize=(width, height), layout="constrained")
        backend.FigureCanvasAgg(drawing)
        axes = drawing.subplots(1, columns)
        yield drawing, (list(axes) if columns > 1 else axes)


def png(drawing: Any, dots_per_inch: int = 150) -> bytes:
    """A figure as PNG."""
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="png", dpi=dots_per_inch)
    return buffer.getvalue()
