"""Everything that is asked of weights learned on one set or on several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msds.study.benchmark import Settings
from msds.study.datasets.base import RatedSet
from msds.study.fitting import Objective, WeightFit, fit_weights
from msds.study.measuring import Measured, Progress
from msds.study.splits import Splits, random_splits
from msds.study.statistics import Array
from msds.study.transfer import Transfer, study_transfer


@dataclass(frozen=True)
class Plan:
    """How weights are learned and tried.

    Attributes
    ----------
    folds, seeds : of the cross-validation over references, where there is one set only.
    splits : random splits of each set's references; 0 for none.
    resamples : bootstrap samples.
    """

    objective: Objective = "srcc"
    form: str = "linear"
    folds: int = 5
    seeds: int = 5
    splits: int = 20
    resamples: int = 1000


@dataclass(frozen=True)
class Learned:
    """Weights, and what they are worth.

    Attributes
    ----------
    sets : that the weights were learned on.
    weights : (K,) learned on all of them, each weighing the same.
    fit : the cross-validation over references, if there is one set; several are tested by leaving
        each out, which is in `transfer`.
    transfer : all weights on all sets.
    splits : by set, None where its references cannot be split.
    plan : how.
    """

    sets: tuple[RatedSet, ...]
    weights: Array
    fit: WeightFit | None
    transfer: Transfer
    splits: Mapping[str, Splits | None]
    plan: Plan


def learn(
    measured: Sequence[Measured],
    others: Sequence[Measured] = (),
    plan: Plan | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Learn weights on sets and try them, also on others.

    Parameters
    ----------
    measured, others : sets and the (n, K) level scores of one contender.
    """
    plan = plan or Plan()
    fit = None
    if len(measured) == 1:
        fit = fit_weights(
            measured[0].data,
            measured[0].tables[0],
            objective=plan.objective,
            form=plan.form,
            folds=plan.folds,
            seeds=plan.seeds,
            resamples=plan.resamples,
            progress=progress,
        )
    transfer = study_transfer(
        measured,
        others,
        objective=plan.objective,
        form=plan.form,
        settings=Settings(resamples=plan.resamples),
        progress=progress,
    )
    splits = {
        name: random_splits(
            one.data,
            one.tables[0],
            plan.splits,
            objective=plan.objective,
            form=plan.form,
            progress=progress,
        )
        for name, one in zip(transfer.names, measured, strict=False)
        if plan.splits
    }
    sets = tuple(one.data for one in measured)
    return Learned(sets, transfer.final, fit, transfer, splits, plan)
