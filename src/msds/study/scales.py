"""Is spatial scale a factor of its own? Levels alone and together, filters, forms of fusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from msds.method.fusion import FORMS, equal_weights
from msds.report.table import Cell, Number, Table, with_interval, with_mark
from msds.study.benchmark import LEAST_PAIRS
from msds.study.contenders import DeepContender
from msds.study.datasets.base import RatedSet
from msds.study.fitting import WeightFit, fit_weights, fused
from msds.study.logistic import Array
from msds.study.significance import (
    Comparison,
    holm,
    paired_bootstrap,
    williams_test,
)
from msds.study.statistics import (
    Interval,
    fisher_interval,
    pearson,
    percentile_interval,
    ranks,
    reference_resamples,
    references_suffice,
    spearman,
)
from msds.study.summaries import FEW_REFERENCES, left_out
from msds.study.tables import Progress, score_table


@dataclass(frozen=True)
class ScaleStudy:
    """Level scores per filter, and everything that is asked of them.

    Attributes
    ----------
    tables : (n, K) level scores by pyramid filter; the first filter is the main one.
    learned : fits by number of levels (2 to K), linear fusion, main filter.
    by_filter : fits with all levels by filter.
    geometric : the fit with all levels, geometric fusion, main filter.
    """

    data: RatedSet
    name: str
    tables: dict[str, Array]
    learned: dict[int, WeightFit]
    by_filter: dict[str, WeightFit]
    geometric: WeightFit
    resamples: int

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
    cache: Path | None = None,
    progress: Progress | None = None,
) -> ScaleStudy:
    """Compute every level's scores with every filter, and learn weights on unseen references.

    Parameters
    ----------
    contender_of : makes the metric with a pyramid filter of this name.
    filters : the first is the main one, used wherever filters are not the question.
    """
    contenders = {name: contender_of(name) for name in filters}
    tables = {
        name: score_table(data, contender, cache, progress)
        for name, contender in contenders.items()
    }
    main = tables[filters[0]]

    def fit(table: Array, form: str = "linear") -> WeightFit:
        return fit_weights(
            data,
            table,
            form=form,
            folds=folds,
            seeds=seeds,
            resamples=resamples,
            progress=progress,
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
    )


def scale_tables(study: ScaleStudy) -> list[Table]:
    """All tables of the study."""
    return [
        level_table(study),
        count_table(study),
        filter_table(study),
        form_table(study),
        kind_table(study),
    ]


def srcc_interval(study: ScaleStudy, scores: Array) -> Interval:
    """95 % interval of the SRCC: over references where they suffice, else Fisher's."""
    quality = study.data.quality
    if not references_suffice(study.data.groups):
        return fisher_interval(spearman(scores, quality), quality.size, "srcc")
    samples = reference_resamples(study.data.groups, study.resamples)
    return percentile_interval([spearman(scores[s], quality[s]) for s in samples])


def against(study: ScaleStudy, first: Array, second: Array) -> Comparison:
    """Difference of two SRCCs: bootstrap over references where they suffice, else Williams."""
    quality = study.data.quality
    if references_suffice(study.data.groups):
        samples = reference_resamples(study.data.groups, study.resamples)
        return paired_bootstrap(first, second, quality, samples, spearman)
    correlations = (
        spearman(first, quality),
        spearman(second, quality),
        spearman(first, second),
    )
    return williams_test(*correlations, quality.size)


def _test_note(study: ScaleStudy) -> str:
    if references_suffice(study.data.groups):
        return "Intervals and p-values by bootstrap over references."
    return f"Intervals by Fisher's z and p-values by Williams's test{FEW_REFERENCES}."


def level_table(study: ScaleStudy) -> Table:
    """Each level alone, and all together, against level 1."""
    quality = study.data.quality
    table = Table(
        f"{study.data.title}: each level alone and all together ({study.name})",
        ["scores", "SRCC", "gain over level 1", "p (Holm)"],
        note=_test_note(study),
    )
    scores = {f"level {k + 1} alone": study.main[:, k] for k in range(study.levels)}
    together = f"levels 1 to {study.levels}, equal weights"
    scores[together] = fused(study.main, equal_weights(study.levels))
    names = list(scores)[1:]
    tests = [against(study, scores[name], study.main[:, 0]) for name in names]
    adjusted = holm([test.p_value for test in tests])
    first = next(iter(scores))
    table.rows.append([first, _srcc(study, scores[first], quality), None, None])
    for name, test, p_value in zip(names, tests, adjusted, strict=True):
        gain = with_interval(test.difference, test.interval)
        table.rows.append([name, _srcc(study, scores[name], quality), gain, with_mark(p_value)])
    return table


def _srcc(study: ScaleStudy, scores: Array, quality: Array) -> Number | None:
    return with_interval(spearman(scores, quality), srcc_interval(study, scores))


def count_table(study: ScaleStudy) -> Table:
    """One level, two, ... K: equal weights, and weights learned on other references."""
    quality = study.data.quality
    table = Table(
        f"{study.data.title}: how many levels ({study.name})",
        ["levels", "equal weights", "learned, unseen references", "learned less equal", "p (Holm)"],
        best=("equal weights", "learned, unseen references"),
        note="SRCC. Learned weights are always measured on references they have not seen; gain "
        "with 95 % interval by bootstrap over references.",
    )
    if not references_suffice(study.data.groups):
        table.note += f" Read these intervals with care{FEW_REFERENCES}."
    fits = study.learned
    adjusted = holm([fit.gains["equal weights"].p_value for fit in fits.values()])
    table.rows.append([1, spearman(study.main[:, 0], quality), None, None, None])
    for (count, fit), p_value in zip(fits.items(), adjusted, strict=True):
        gain = fit.gains["equal weights"]
        row: list[Cell] = [count, fit.rivals["equal weights"], float(fit.srcc.mean())]
        table.rows.append(
            [*row, with_interval(gain.difference, gain.interval, 4), with_mark(p_value)]
        )
    return table


def filter_table(study: ScaleStudy) -> Table:
    """Down-sampling filters: what is done between two levels."""
    quality = study.data.quality
    table = Table(
        f"{study.data.title}: down-sampling filter ({study.name}, {study.levels} levels)",
        [
            "filter",
            "equal weights",
            "learned, unseen references",
            f"less {study.filter}",
            "p (Holm)",
        ],
        best=("equal weights", "learned, unseen references"),
        note="SRCC; differences with equal weights. " + _test_note(study),
    )
    equal = {
        name: fused(scores, equal_weights(study.levels)) for name, scores in study.tables.items()
    }
    others = list(equal)[1:]
    tests = [against(study, equal[name], equal[study.filter]) for name in others]
    adjusted = dict(zip(others, holm([test.p_value for test in tests]), strict=True))
    found = dict(zip(others, tests, strict=True))
    for name, scores in equal.items():
        row: list[Cell] = [name, spearman(scores, quality)]
        row.append(float(study.by_filter[name].srcc.mean()))
        if name in found:
            row.append(with_interval(found[name].difference, found[name].interval, 4))
            row.append(with_mark(adjusted[name]))
        else:
            row += [None, None]
        table.rows.append(row)
    return table


def form_table(study: ScaleStudy) -> Table:
    """Linear against geometric fusion."""
    quality = study.data.quality
    table = Table(
        f"{study.data.title}: form of the fusion ({study.name}, {study.levels} levels)",
        ["fusion", "equal weights", "learned, unseen references"],
        best=("equal weights", "learned, unseen references"),
        note="SRCC.",
    )
    fits = {"linear": study.by_filter[study.filter], "geometric": study.geometric}
    for form in FORMS:
        scores = fused(study.main, equal_weights(study.levels), form)
        table.rows.append([form, spearman(scores, quality), float(fits[form].srcc.mean())])
    return table


def kind_table(study: ScaleStudy) -> Table:
    """SRCC of every level on every distortion type."""
    kinds, grid = kind_grid(study)
    columns = [f"level {k + 1}" for k in range(study.levels)] + ["equal weights"]
    table = Table(
        f"{study.data.title}: SRCC by distortion type ({study.name})",
        ["distortion", *columns],
        note=left_out(study.data).strip(),
    )
    for kind, row in zip(kinds, grid, strict=True):
        table.rows.append([kind, *(float(value) for value in row)])
    return table


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
