"""What more than one study draws."""

from __future__ import annotations

import numpy as np

from msds.report.charts import Columns, Scatter
from msds.study.benchmark import Entry
from msds.study.datasets.base import RatedSet
from msds.study.fitting import WeightFit


def kind_name(kind: str) -> str:
    """A distortion type as people read it: a bare number is said to be one."""
    return f"type {kind}" if kind.isdecimal() else kind


def scatter(data: RatedSet, entry: Entry) -> Scatter:
    """Opinions against scores, a mark for each distortion type, with the fitted curve."""
    named = np.array([pair.distortion for pair in data.pairs])
    kinds = {
        kind_name(kind): (
            entry.scores[named == kind].tolist(),
            data.opinions[named == kind].tolist(),
        )
        for kind in data.distortions
    }
    fit, curve = entry.overall.fit, None
    if fit is not None and fit.problem is None:
        line = np.linspace(entry.scores.min(), entry.scores.max(), 200)
        name = f"logistic curve, {fit.curve} parameters"
        curve = (name, (line.tolist(), fit(line).tolist()))
    better = "higher" if data.higher_is_better else "lower"
    opinions = f"{data.opinion_name} ({better} is better)"
    return Scatter(kinds, f"score of {entry.name}", opinions, curve)


def weight_columns(fit: WeightFit) -> Columns:
    """Learned weights: mean and spread over the splits, and those from all pairs."""
    mean = fit.fold_weights.mean(axis=0)
    low, high = np.percentile(fit.fold_weights, [2.5, 97.5], axis=0)
    return Columns(
        [f"level {k + 1}" for k in range(len(mean))],
        mean.tolist(),
        low.tolist(),
        high.tolist(),
        list(map(float, fit.weights)),
        1 / len(mean),
        "weight",
        ("mean over splits", "95 % of the splits", "learned on all pairs", "equal weights"),
    )
