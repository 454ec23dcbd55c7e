"""The pages and plots of the studies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from msds.method.fusion import equal_weights
from msds.report import plots
from msds.report.pages import write_study_report
from msds.report.table import Table
from msds.study.cost import Cost
from msds.study.datasets.base import RatedSet
from msds.study.fitting import fused
from msds.study.logistic import Array
from msds.study.scales import ScaleStudy, kind_grid, srcc_interval
from msds.study.shift import ShiftStudy
from msds.study.statistics import Interval, spearman
from msds.study.warps import WARPS

Figure = tuple[bytes, str]


def scales_page(
    path: Path, study: ScaleStudy, tables: Sequence[Table], settings: dict[str, Any], command: str
) -> None:
    """Write the page of the study of scales."""
    parts: list[tuple[str, Sequence[Table], Sequence[Figure]]] = [
        ("One scale or several", tables[:2], scale_figures(study)),
        ("Filters and fusion", tables[2:4], []),
        ("By distortion type", tables[4:], kind_figures(study)),
    ]
    write_study_report(
        path,
        "Is spatial scale a factor of its own?",
        f"{study.name} on {study.data.title}: {len(study.data)} pairs.",
        parts,
        [study.data],
        settings,
        command,
    )


def scale_figures(study: ScaleStudy) -> list[Figure]:
    """SRCC of levels alone and together; learned weights."""
    quality, levels = study.data.quality, study.levels
    counts = list(range(1, levels + 1))
    alone = [study.main[:, k] for k in range(levels)]
    together = [fused(study.main[:, :k], equal_weights(k)) for k in counts]
    learned = [float(study.learned[k].srcc.mean()) for k in counts[1:]]
    lines: dict[str, tuple[Sequence[float], Sequence[float], Sequence[Interval] | None]] = {
        "one level alone": (
            counts,
            [spearman(s, quality) for s in alone],
            [srcc_interval(study, s) for s in alone],
        ),
        "levels 1 to k, equal weights": (
            counts,
            [spearman(s, quality) for s in together],
            [srcc_interval(study, s) for s in together],
        ),
        "levels 1 to k, learned (unseen references)": (
            counts[1:],
            learned,
            None,
        ),
    }
    label = "level k (1: full size)"
    title = f"{study.name} on {study.data.title}"
    ticks = [str(k) for k in counts]
    return [
        (
            plots.curves(lines, label, "SRCC with people", title, ticks),
            "SRCC of each level alone and of the first k levels together, 95 % intervals",
        ),
        (
            plots.weights_plot(study.by_filter[study.filter]),
            "Learned weight of each level over all splits",
        ),
    ]


def kind_figures(study: ScaleStudy) -> list[Figure]:
    """Which level knows which distortion."""
    kinds, grid = kind_grid(study)
    if not kinds:
        return []
    columns = [f"level {k + 1}" for k in range(study.levels)] + ["all"]
    title = f"SRCC by distortion type, {study.name}"
    described = "SRCC of each level, and of all with equal weights, on each distortion type"
    return [(plots.heat(grid, kinds, columns, title), described)]


def shift_page(
    path: Path, study: ShiftStudy, tables: Sequence[Table], settings: dict[str, Any], command: str
) -> None:
    """Write the page of the study of robustness."""
    figures = [shift_figure(study, change) for change in _changes(study)]
    write_study_report(
        path,
        "Robustness to changes of geometry",
        f"{len(study.photographs)} photographs: {', '.join(study.photographs[:8])}.",
        [("White noise that is as bad", tables, figures)],
        [],
        settings,
        command,
    )


def _changes(study: ShiftStudy) -> list[str]:
    return list(dict.fromkeys(change for change, _ in next(iter(study.equivalent.values()))))


def shift_figure(study: ShiftStudy, change: str) -> Figure:
    """Equivalent noise against the strength of a change, a line per metric."""
    lines: dict[str, tuple[Sequence[float], Sequence[float], Sequence[Interval] | None]] = {}
    for name, found in study.equivalent.items():
        strengths = [strength for kind, strength in found if kind == change]
        values = np.array([float(np.median(found[change, s])) for s in strengths])
        values[np.isinf(values)] = 64.0
        if not np.isnan(values).all():
            lines[name] = (strengths, values.tolist(), None)
    unit = WARPS[change][1]
    return (
        plots.curves(lines, f"{change} ({unit})", "equivalent noise (1/255)", change.capitalize()),
        f"Median deviation of white noise that each metric likes as little as {change}; "
        "64 is the strongest noise tried",
    )


def cost_page(
    path: Path,
    costs: Sequence[Cost],
    tables: Sequence[Table],
    settings: dict[str, Any],
    command: str,
) -> None:
    """Write the page of the study of cost."""
    lines = {
        cost.name: (
            list(range(1, len(cost.gmacs) + 1)),
            (np.cumsum(cost.gmacs) / cost.gmacs[0]).tolist(),
            None,
        )
        for cost in costs
        if cost.gmacs
    }
    figures: list[Figure] = []
    if lines:
        most = max(len(x) for x, _, _ in lines.values())
        drawn = plots.curves(
            lines,
            "number of levels",
            "operations, level 1 = 1",
            "What further levels cost",
            [str(k + 1) for k in range(most)],
        )
        figures = [(drawn, "Multiply-accumulates of the first k levels relative to level 1")]
    write_study_report(
        path, "What the metrics cost", "", [("Cost", tables, figures)], [], settings, command
    )


def layers_page(
    path: Path,
    data: RatedSet,
    tables: Sequence[Table],
    scores: dict[str, Array],
    settings: dict[str, Any],
    command: str,
) -> None:
    """Write the page of the study of layers."""
    names = list(scores)
    levels = next(iter(scores.values())).shape[1]
    grid = np.array(
        [
            [spearman(table[:, k], data.quality) for k in range(levels)]
            + [spearman(fused(table, equal_weights(levels)), data.quality)]
            for table in scores.values()
        ]
    )
    if not math.isfinite(float(np.nanmin(grid))):
        grid = np.nan_to_num(grid)
    columns = [f"level {k + 1}" for k in range(levels)] + ["all"]
    drawn = plots.heat(grid, names, columns, f"SRCC by layer, {data.title}")
    write_study_report(
        path,
        "Which layer agrees best with people?",
        f"{data.title}: {len(data)} pairs.",
        [("Layers", tables, [(drawn, "SRCC of every layer, each level alone and all together")])],
        [data],
        settings,
        command,
    )
