"""What learned weights show: the weights, and what they gain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msds.method.fusion import equal_weights
from msds.report.blocks import Block, Figure, Section
from msds.report.page import Page
from msds.report.table import Table, with_interval, with_mark
from msds.scoring.contenders import Contender
from msds.study.datasets.base import RatedSet
from msds.study.fitting import WeightFit, fused
from msds.study.pages.benchmark import tested
from msds.study.pages.closing import closing
from msds.study.pages.drawn import weight_columns
from msds.study.statistics import (
    Array,
    holm,
    paired_bootstrap,
    spearman,
)


def fit_page(
    data: RatedSet,
    fit: WeightFit,
    contender: Contender,
    transfer: Table | None = None,
    command: str = "",
) -> Page:
    """The page of learned weights.

    Parameters
    ----------
    contender : whose levels were weighted.
    transfer : what the weights do on other sets, by `transfer_table`.
    command : what repeats it.
    """
    worth: list[Block] = [gains_table(data, fit)]
    if transfer is not None:
        worth.append(transfer)
    settings = {
        "objective": fit.objective,
        "fusion": fit.form,
        "folds": fit.folds,
        "seeds": len(fit.srcc),
    }
    described = "Learned weight of each level over all splits"
    drawn = Figure("Weights and their spread", described, {"": partial(weight_columns, fit)})
    return Page(
        f"Level weights of {contender.name}",
        f"Learned on {data.title}: {len(data)} pairs, {len(set(data.groups))} references.",
        [
            Section("Weights", [weights_table(data, fit), drawn]),
            Section("What they are worth", worth),
        ],
        closing([contender], [data], settings, command),
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
        f"{fit.srcc.mean():.3f} ± {fit.srcc.std():.4f}. {tested(data)}",
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


def transfer_table(
    sets: Sequence[RatedSet], tables: Sequence[Array], fit: WeightFit, resamples: int = 1000
) -> Table:
    """Weights learned on one set, tried on others."""
    summary = Table(
        "Learned weights on other sets",
        ["set", "pairs", "equal weights", "learned weights", "gain", "p (Holm)"],
        note="SRCC.",
    )
    rows = []
    for data, table in zip(sets, tables, strict=True):
        equal = fused(table, equal_weights(table.shape[1]), fit.form)
        learned = fused(table, fit.weights, fit.form)
        samples = data.resamples(resamples)
        duel = paired_bootstrap(learned, equal, data.quality, samples, spearman)
        rows.append((data, spearman(equal, data.quality), spearman(learned, data.quality), duel))
    adjusted = holm([row[3].p_value for row in rows])
    for (data, before, after, duel), p_value in zip(rows, adjusted, strict=True):
        gain = with_interval(duel.difference, duel.interval, 4)
        summary.rows.append([data.title, len(data), before, after, gain, with_mark(p_value)])
    for sentence in dict.fromkeys(map(tested, sets)):
        titles = ", ".join(data.title for data in sets if tested(data) == sentence)
        summary.note += f" {titles}: {sentence[0].lower()}{sentence[1:]}"
    return summary
