"""What the paper's comparison shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from msds.report.blocks import Section, Text
from msds.report.page import Page
from msds.report.table import Cell, Table, with_interval, with_mark
from msds.scoring.contenders import Contender
from msds.study.pages.closing import closing
from msds.study.pages.transfer import matrix_table, source_table, unseen_table
from msds.study.paper import LEARNED, LISTED, PaperStudy
from msds.study.statistics import holm
from msds.study.transfer import EQUAL, ONE
from msds.trunks import Trunk
from msds.trunks.layers import multiply_accumulates

SIDE = (384, 512)
"""Height and width for which operations are counted."""


def paper_page(
    studies: Sequence[PaperStudy],
    trunks: Sequence[Trunk],
    contenders: Sequence[Contender],
    missing: Mapping[str, str],
    settings: dict[str, Any],
    command: str = "",
) -> Page:
    """The page of the paper's comparison, a section for each trunk."""
    results = [
        Section(
            study.name,
            [
                agreement_table(study),
                gain_table(study),
                average_table(study),
                matrix_table(study.transfer, study.name),
                unseen_table(study.transfer, study.name),
                source_table(study.transfer, study.name),
            ],
        )
        for study in studies
    ]
    results.append(Section("Cost", [cost_table(studies, trunks)]))
    if missing:
        lines = [f"{name}: {text}" for name, text in missing.items()]
        results.append(Section("Sets that are not there", [Text(line) for line in lines]))
    sets = [one.data for one in studies[0].sets] if studies else []
    return Page(
        "One scale or several",
        "DeepSSIM on level 1, and the scores of all levels fused, against human opinions.",
        results,
        closing(contenders, sets, settings, command),
    )


def agreement_table(study: PaperStudy) -> Table:
    """SRCC with its interval, KRCC, PLCC and RMSE of every way on every set."""
    table = Table(
        f"agreement with people ({study.name})",
        ["set", "pairs", "references", "metric", "SRCC", "KRCC", "PLCC", "RMSE", "paper"],
        note="95 % intervals over references, or ladders where these are few, else Fisher's. "
        "Learned weights have not seen the set. Column paper: SRCC of the whole set by one "
        "unverified listing of the paper's tables.",
    )
    for one in study.sets:
        for name, found in one.agreements.items():
            interval = found.bootstrap.get("srcc") or found.fisher.get("srcc")
            paper = LISTED.get(one.data.id) if name in (EQUAL, LEARNED) else None
            row: list[Cell] = [one.data.title, len(one.data), len(set(one.data.groups))]
            table.rows.append(
                [
                    *row,
                    _way(name, study.levels),
                    with_interval(found.srcc, interval),
                    found.krcc,
                    found.plcc,
                    found.rmse,
                    paper,
                ]
            )
    return table


def _way(name: str, levels: int) -> str:
    return {
        ONE: "DeepSSIM, level 1",
        EQUAL: f"MSDS, {levels} levels, equal weights",
        LEARNED: f"MSDS, {levels} levels, learned on the other sets",
    }.get(name, name)


def gain_table(study: PaperStudy) -> Table:
    """Differences of SRCC over resampled references."""
    table = Table(
        f"gains in SRCC ({study.name})",
        ["set", "of", "over", "gain", "p (Holm)"],
        note="Paired bootstrap over references, or over ladders (a reference under one distortion) "
        "where references are few; p-values by Holm over the table. Sets with too few of both are "
        "left out: no test is possible there.",
    )
    rows = [(one, pair, found) for one in study.sets for pair, found in one.gains.items()]
    adjusted = holm([found.p_value for _, _, found in rows])
    for (one, (first, second), found), p_value in zip(rows, adjusted, strict=True):
        gain = with_interval(found.difference, found.interval)
        table.rows.append([one.data.title, first, second, gain, with_mark(p_value)])
    return table


def average_table(study: PaperStudy) -> Table:
    """Averages over the sets, plain and by their numbers of pairs."""
    table = Table(
        f"averages over the sets ({study.name})",
        ["metric", "SRCC", "by pairs", "KRCC", "by pairs ", "PLCC", "by pairs  "],
    )
    counts = [len(one.data) for one in study.sets]
    names = set.intersection(*(set(one.agreements) for one in study.sets))
    for name in [name for name in study.sets[0].agreements if name in names]:
        row: list[Cell] = [_way(name, study.levels)]
        for measure in ("srcc", "krcc", "plcc"):
            values = [float(getattr(one.agreements[name], measure)) for one in study.sets]
            row += [float(np.mean(values)), float(np.average(values, weights=counts))]
        table.rows.append(row)
    return table


def cost_table(studies: Sequence[PaperStudy], trunks: Sequence[Trunk]) -> Table:
    """Parameters and operations of one level and of all."""
    height, width = SIDE
    table = Table(
        "parameters and operations of one image",
        ["trunk", "parameters", "GMAC, level 1", "GMAC, all levels", "ratio"],
        note=f"Multiply-accumulate operations of the convolutions at {width} x {height} pixels. "
        "Time and memory: msds study cost.",
    )
    for study, trunk in zip(studies, trunks, strict=True):
        chain = trunk.reference_chain
        if chain is None:
            continue
        costs = [
            multiply_accumulates(chain.layers, height >> k, width >> k) / 1e9
            for k in range(study.levels)
        ]
        count = sum(p.numel() for p in chain.state_dict().values())
        table.rows.append([study.name, count, costs[0], sum(costs), sum(costs) / costs[0]])
    return table
