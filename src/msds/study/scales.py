"""Is spatial scale a factor of its own? Levels alone and together, filters, forms of fusion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from msds.method.fusion import equal_weights
from msds.scoring.contenders import DeepContender
from msds.study.benchmark import LEAST_PAIRS
from msds.study.datasets.base import RatedSet
from msds.study.features import FeaturePyramid
from msds.study.fitting import WeightFit, fit_weights, fused
from msds.study.measuring import Work, measure_set
from msds.study.statistics import (
    Array,
    Comparison,
    Interval,
    bootstrap_interval,
    fisher_interval,
    paired_bootstrap,
    pearson,
    ranks,
    spearman,
)


@dataclass(frozen=True)
class ScaleStudy:
    """Level scores per filter, and everything that is asked of them.

    Attributes
    ----------
    tables : (n, K) level scores by pyramid filter; the first filter is the main one.
    learned : fits by number of levels (2 to K), linear fusion, main filter.
    by_filter : fits with all levels by filter.
    geometric : the fit with all levels, geometric fusion, main filter.
    features : (n, K) scores of levels from a pyramid of features, main filter, with the fit of
        these; None where nobody asked.
    left_out : pairs of the set that could not be scored, with the reason.
    """

    data: RatedSet
    name: str
    tables: dict[str, Array]
    learned: dict[int, WeightFit]
    by_filter: dict[str, WeightFit]
    geometric: WeightFit
    resamples: int
    left_out: Mapping[str, str] = field(default_factory=dict)
    features: tuple[Array, WeightFit] | None = None

    @property
    def filter(self) -> str:
        """The main filter."""
        return next(iter(self.tables))

    @property
    def main(self) -> Array:
        """(n, K) level scores with the main filter."""
        return self.tables[self.filter]

    @property
    def levels(self) -> int:
        """K."""
        return int(self.main.shape[1])


def study_scales(
    data: RatedSet,
    contender_of: Callable[[str], DeepContender],
    filters: Sequence[str],
    *,
    folds: int = 5,
    seeds: int = 3,
    resamples: int = 1000,
    of_features: bool = False,
    work: Work | None = None,
) -> ScaleStudy:
    """Compute every level's scores with every filter, and learn weights on unseen references.

    Parameters
    ----------
    contender_of : makes the metric with a pyramid filter of this name.
    filters : the first is the main one, used wherever filters are not the question.
    of_features : whether levels are also taken from a pyramid of features.
    """
    contenders = {name: contender_of(name) for name in filters}
    extra = [FeaturePyramid(contenders[filters[0]].metric)] if of_features else []
    work = work or Work()
    measured = measure_set(data, [*contenders.values(), *extra], work)
    data = measured.data
    tables = dict(zip(contenders, measured.tables, strict=False))  # then the features' table
    main = tables[filters[0]]

    def fit(table: Array, form: str = "linear") -> WeightFit:
        return fit_weights(
            data,
            table,
            form=form,
            folds=folds,
            seeds=seeds,
            resamples=resamples,
            progress=work.progress,
        )

    levels = main.shape[1]
    learned = {k: fit(main[:, :k]) for k in range(2, levels + 1)}
    return ScaleStudy(
        data,
        contenders[filters[0]].name,
        tables,
        learned,
        {filters[0]: learned[levels], **{name: fit(tables[name]) for name in filters[1:]}},
        fit(main, "geometric"),
        resamples,
        measured.left_out,
        (measured.tables[-1], fit(measured.tables[-1])) if of_features else None,
    )


def srcc_interval(study: ScaleStudy, scores: Array) -> Interval:
    """95 % interval of the SRCC over what can be resampled, else Fisher's."""
    quality = study.data.quality
    value = spearman(scores, quality)
    samples = study.data.resamples(study.resamples)
    if samples is None:
        return fisher_interval(value, quality.size, "srcc")
    drawn = np.array([spearman(scores[s], quality[s]) for s in samples])
    return bootstrap_interval(value, drawn, samples.units, "correlation")


def against(study: ScaleStudy, first: Array, second: Array) -> Comparison:
    """Difference of two SRCCs by bootstrap; its p-value is NaN where nothing can be resampled."""
    samples = study.data.resamples(study.resamples)
    return paired_bootstrap(first, second, study.data.quality, samples, spearman)


def kind_grid(study: ScaleStudy, least: int = LEAST_PAIRS) -> tuple[list[str], Array]:
    """Distortion types with at least `least` pairs, and (types, K + 1) SRCCs."""
    named = np.array([pair.distortion for pair in study.data.pairs])
    together = fused(study.main, equal_weights(study.levels))
    kinds, rows = [], []
    for kind in study.data.distortions:
        chosen = np.flatnonzero(named == kind)
        if kind and chosen.size >= least:
            quality = ranks(study.data.quality[chosen])
            columns = [*study.main[chosen].T, together[chosen]]
            rows.append([pearson(ranks(column), quality) for column in columns])
            kinds.append(kind)
    return kinds, np.array(rows).reshape(len(kinds), study.levels + 1)
