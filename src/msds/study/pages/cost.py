"""What the study of cost shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from msds.report.blocks import Block, Figure, Section
from msds.report.charts import Line, Lines
from msds.report.page import Page
from msds.report.table import Number, Table, with_interval
from msds.scoring.contenders import Contender
from msds.study.cost import Cost, Times
from msds.study.pages.closing import closing
from msds.text import counted

SPREAD = "medians, with the quickest and the slowest in brackets: what else runs makes them wide"


def cost_page(
    costs: Sequence[Cost],
    size: tuple[int, int],
    contenders: Sequence[Contender],
    settings: dict[str, Any],
    command: str = "",
) -> Page:
    """The page of the study of cost; `size` is the images' (height, width)."""
    height, width = size
    blocks: list[Block] = [*cost_tables(costs, height, width)]
    if any(cost.gmacs for cost in costs):
        described = "Multiply-accumulates of the first k levels relative to level 1"
        blocks.append(
            Figure("What further levels cost", described, {"": partial(_levels_chart, costs)})
        )
    return Page(
        "What the metrics cost",
        f"A pair of {width} x {height} images.",
        [Section("Cost", blocks)],
        closing(contenders, [], settings, command),
    )


def cost_tables(costs: Sequence[Cost], height: int, width: int) -> list[Table]:
    """Costs in total, and per level relative to the first."""
    threads = torch.get_num_threads()
    device = f"torch with {counted(threads, 'threads')}"
    total = Table(
        f"Cost of a pair of {width} x {height} images ({device})",
        ["metric", "parameters", "GMAC per image", "ms per pair", "ms to compare", "MB"],
        digits=2,
        note=f"Times are {SPREAD}; a pair is two images prepared and compared; a prepared "
        "reference can be kept. MB: tensors and arrays of a pair that are alive at the peak.",
    )
    levels = Table(
        f"Cost of each level ({width} x {height} images)",
        ["metric", "level", "GMAC", "of all levels", "ms", "of level 1"],
        digits=3,
        note=f"Times are {SPREAD}.",
    )
    for cost in costs:
        total.rows.append(
            [
                cost.name,
                cost.parameters,
                sum(cost.gmacs) if cost.gmacs else None,
                _shown(cost.seconds, total.digits),
                _shown(cost.compare_seconds, total.digits),
                cost.megabytes,
            ]
        )
        for index, (gmac, seconds) in enumerate(zip(cost.gmacs, cost.level_seconds, strict=True)):
            share = gmac / sum(cost.gmacs)
            relative = seconds.median / cost.level_seconds[0].median
            shown = _shown(seconds, levels.digits)
            levels.rows.append([cost.name, index + 1, gmac, share, shown, relative])
    return [table for table in (total, levels) if table.rows]


def _shown(seconds: Times, digits: int) -> Number | None:
    return with_interval(seconds.milliseconds.median, seconds.milliseconds, digits)


def _levels_chart(costs: Sequence[Cost]) -> Lines:
    lines = {
        cost.name: Line(
            range(1, len(cost.gmacs) + 1), (np.cumsum(cost.gmacs) / cost.gmacs[0]).tolist()
        )
        for cost in costs
        if cost.gmacs
    }
    names = [str(k + 1) for k in range(max(len(line.x) for line in lines.values()))]
    return Lines(lines, "number of levels", "operations, level 1 = 1", names)
