"""What the study of layers shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msds.method.fusion import equal_weights
from msds.report.blocks import Section
from msds.report.page import Page
from msds.report.table import Cell, Table
from msds.study.datasets.base import RatedSet
from msds.study.fitting import fused
from msds.study.pages.closing import closing
from msds.study.statistics import Array, spearman
from msds.trunks import Trunk


def layers_page(
    data: RatedSet,
    scores: Mapping[str, Array],
    trunks: Mapping[str, Trunk],
    settings: dict[str, Any],
    command: str = "",
) -> Page:
    """The page of the study of layers."""
    return Page(
        "Which layer agrees best with people?",
        f"{data.title}: {len(data)} pairs.",
        [Section("Layers", [layer_table(data, scores, trunks)])],
        closing([], [data], settings, command),
    )


def layer_table(data: RatedSet, tables: Mapping[str, Array], trunks: Mapping[str, Trunk]) -> Table:
    """SRCC of every layer: each level alone, and the mean of all."""
    levels = next(iter(tables.values())).shape[1]
    columns = [f"level {k + 1}" for k in range(levels)]
    table = Table(
        "SRCC by layer of the trunk",
        ["layer", "channels", "stride", *columns, "mean of levels"],
        best=(*columns, "mean of levels"),
        shaded=True,
        subject=data.title,
    )
    for name, scores in tables.items():
        row: list[Cell] = [name, trunks[name].channels, trunks[name].stride]
        row += [spearman(scores[:, k], data.quality) for k in range(levels)]
        row.append(spearman(fused(scores, equal_weights(levels)), data.quality))
        table.rows.append(row)
    return table
