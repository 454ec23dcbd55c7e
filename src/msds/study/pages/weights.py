"""What learned weights show: the weights, and what they gain."""

from __future__ import annotations

from functools import partial
from typing import Any

from msds.report.blocks import Block, Figure, Section
from msds.report.page import Page
from msds.report.table import Table, with_interval, with_mark
from msds.scoring.contenders import Contender
from msds.study.datasets.base import RatedSet
from msds.study.fitting import WeightFit
from msds.study.learning import Learned
from msds.study.pages.benchmark import tested
from msds.study.pages.closing import closing
from msds.study.pages.drawn import weight_columns
from msds.study.pages.transfer import matrix_table, source_table, splits_table, unseen_table
from msds.study.statistics import holm


def fit_page(
    learned: Learned,
    contender: Contender,
    settings: dict[str, Any],
    command: str = "",
) -> Page:
    """The page of learned weights.

    Parameters
    ----------
    learned : the weights, and what they are worth.
    contender : whose levels were weighted.
    settings : of the fit.
    command : what repeats it.
    """
    name, transfer = contender.name, learned.transfer
    weights: list[Block] = []
    worth: list[Block] = []
    if learned.fit is not None:
        weights.append(weights_table(learned.sets[0], learned.fit))
        drawn = partial(weight_columns, learned.fit)
        described = "Learned weight of each level over all splits"
        weights.append(Figure("Weights and their spread", described, {"": drawn}))
        worth.append(gains_table(learned.sets[0], learned.fit))
    else:
        weights.append(source_table(transfer, name))
    if len(transfer.names) > 1:
        worth.append(unseen_table(transfer, name))
        worth.append(matrix_table(transfer, name))
    if learned.splits:
        worth.append(splits_table(list(learned.splits.items()), name))
    described = "; ".join(
        f"{data.title}: {len(data)} pairs, {len(set(data.groups))} references"
        for data in learned.sets
    )
    return Page(
        f"Level weights of {name}",
        f"Learned on {described}.",
        [Section("Weights", weights), Section("What they are worth", worth)],
        closing([contender], learned.sets, settings, command),
    )


def weights_table(data: RatedSet, fit: WeightFit) -> Table:
    """Learned weights per level."""
    table = Table(
        f"weights of the levels ({fit.form} fusion, objective {fit.objective})",
        ["level", "learned on all pairs", "mean over splits", "deviation over splits"],
        note=f"{len(fit.srcc)} seeds x {fit.folds} folds, split by reference.",
        subject=data.title,
    )
    mean, spread = fit.fold_weights.mean(axis=0), fit.fold_weights.std(axis=0)
    for level, weight in enumerate(fit.weights):
        table.rows.append(
            [f"level {level + 1}", float(weight), float(mean[level]), float(spread[level])]
        )
    return table


def gains_table(data: RatedSet, fit: WeightFit) -> Table:
    """SRCC on unseen references against equal weights and each level alone."""
    table = Table(
        "SRCC of learned weights on unseen references",
        ["compared with", "its SRCC", "learned, unseen", "gain", "p (Holm)"],
        note="Every reference is unseen once per seed; SRCC over the seeds "
        f"{fit.srcc.mean():.3f} ± {fit.srcc.std():.4f}. {tested(data)}"
        f" {data.doubt(fit.rivals.values())}".rstrip(),
        subject=data.title,
    )
    adjusted = holm([gain.p_value for gain in fit.gains.values()])
    for (name, gain), p_value in zip(fit.gains.items(), adjusted, strict=True):
        table.rows.append(
            [
                name,
                fit.rivals[name],
                float(fit.srcc.mean()),
                with_interval(gain.difference, gain.interval, 4),
                with_mark(p_value),
            ]
        )
    return table
