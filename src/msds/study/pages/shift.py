"""What the study of changes of geometry shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from msds.report.page import Block, Figure, Page, Section
from msds.report.table import Cell, Table
from msds.study.pages import plots
from msds.study.pages.closing import closing
from msds.study.shift import NOISES, ShiftStudy
from msds.study.statistics import Interval
from msds.study.warps import WARPS


def shift_page(study: ShiftStudy, settings: dict[str, Any], command: str = "") -> Page:
    """The page of the study of robustness."""
    blocks: list[Block] = [shift_table(study)]
    for change in dict.fromkeys(name for name, _ in next(iter(study.equivalent.values()))):
        described = (
            f"Median deviation of white noise that each metric likes as little as {change}; "
            f"{NOISES[-1]:.0f} is the strongest noise tried"
        )
        blocks.append(Figure(partial(_change_plot, study, change), described))
    return Page(
        "Robustness to changes of geometry",
        f"{len(study.photographs)} photographs: {', '.join(study.photographs[:8])}.",
        [Section("White noise that is as bad", blocks)],
        closing([], settings, command),
    )


def shift_table(study: ShiftStudy) -> Table:
    """Equivalent noise (median over the photographs) per change and strength."""
    names = list(study.equivalent)
    table = Table(
        f"White noise as bad as a change of geometry ({len(study.photographs)} photographs)",
        ["change", *names],
        digits=1,
        note="Median deviation of the noise, in steps of 1/255, that the same metric likes as "
        f"little; small means robust; inf: worse than noise of {NOISES[-1]:.0f}; –: the metric "
        "cannot compare images of different sizes.",
    )
    for change, strength in next(iter(study.equivalent.values())):
        row: list[Cell] = [f"{change} {strength:g} {WARPS[change][1]}"]
        for name in names:
            value = float(np.median(study.equivalent[name][change, strength]))
            row.append("inf" if math.isinf(value) else value)
        table.rows.append(row)
    return table


def _change_plot(study: ShiftStudy, change: str) -> bytes:
    lines: dict[str, tuple[Sequence[float], Sequence[float], Sequence[Interval] | None]] = {}
    for name, found in study.equivalent.items():
        strengths = [strength for kind, strength in found if kind == change]
        values = np.array([float(np.median(found[change, s])) for s in strengths])
        values[np.isinf(values)] = NOISES[-1]
        if not np.isnan(values).all():
            lines[name] = (strengths, values.tolist(), None)
    unit = WARPS[change][1]
    return plots.curves(
        lines, f"{change} ({unit})", "equivalent noise (1/255)", change.capitalize()
    )
