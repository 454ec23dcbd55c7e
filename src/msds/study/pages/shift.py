"""What the study of changes of geometry shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from msds.report.blocks import Block, Figure, Section
from msds.report.charts import Line, Lines
from msds.report.page import Page
from msds.report.table import Cell, Table
from msds.scoring.contenders import Contender
from msds.study.pages.closing import closing
from msds.study.shift import NOISES, ShiftStudy
from msds.study.warps import WARPS
from msds.text import counted


def shift_page(
    study: ShiftStudy,
    contenders: Sequence[Contender],
    settings: dict[str, Any],
    command: str = "",
) -> Page:
    """The page of the study of robustness."""
    changes = dict.fromkeys(name for name, _ in next(iter(study.equivalent.values())))
    blocks: list[Block] = [
        shift_table(study),
        Figure(
            "Noise that is as bad",
            "Median deviation of white noise that each metric likes as little as the change; "
            f"{NOISES[-1]:.0f} is the strongest noise tried.",
            {name.capitalize(): partial(_change_chart, study, name) for name in changes},
        ),
    ]
    return Page(
        "Robustness to changes of geometry",
        f"{counted(len(study.photographs), 'photographs')}: {', '.join(study.photographs[:8])}.",
        [Section("White noise that is as bad", blocks)],
        closing(contenders, [], settings, command),
    )


def shift_table(study: ShiftStudy) -> Table:
    """Equivalent noise (median over the photographs) per change and strength."""
    names = list(study.equivalent)
    count = counted(len(study.photographs), "photographs")
    table = Table(
        f"White noise as bad as a change of geometry ({count})",
        ["change", *names],
        digits=1,
        note="Median deviation of the noise, in steps of 1/255, that the same metric likes as "
        f"little; small means robust; inf: worse than noise of {NOISES[-1]:.0f}; –: the metric "
        "cannot compare images of different sizes.",
    )
    for change, strength in next(iter(study.equivalent.values())):
        row: list[Cell] = [f"{change} {counted(strength, WARPS[change][1])}"]
        for name in names:
            value = float(np.median(study.equivalent[name][change, strength]))
            row.append("inf" if math.isinf(value) else value)
        table.rows.append(row)
    return table


def _change_chart(study: ShiftStudy, change: str) -> Lines:
    lines = {}
    for name, found in study.equivalent.items():
        strengths = [strength for kind, strength in found if kind == change]
        values = np.array([float(np.median(found[change, s])) for s in strengths])
        values[np.isinf(values)] = NOISES[-1]
        if not np.isnan(values).all():
            lines[name] = Line(strengths, values.tolist())
    return Lines(lines, f"{change} ({WARPS[change][1]})", "equivalent noise (1/255)")
