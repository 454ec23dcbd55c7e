"""What the study of scales shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from msds.method.fusion import FORMS, equal_weights
from msds.report.blocks import Figure, Section
from msds.report.charts import Line, Lines
from msds.report.page import Page
from msds.report.table import Cell, Number, Table, with_interval, with_mark
from msds.study.fitting import fused
from msds.study.pages.benchmark import left_out, tested
from msds.study.pages.closing import closing
from msds.study.pages.drawn import kind_name, weight_columns
from msds.study.scales import ScaleStudy, against, kind_grid, srcc_interval
from msds.study.statistics import Array, holm, spearman


def scales_page(study: ScaleStudy, settings: dict[str, Any], command: str = "") -> Page:
    """The page of the study of scales."""
    return Page(
        "Is spatial scale a factor of its own?",
        f"{study.name} on {study.data.title}: {len(study.data)} pairs.",
        [
            Section(
                "One scale or several",
                [
                    level_table(study),
                    count_table(study),
                    Figure(
                        "Levels alone and together",
                        "SRCC of each level alone and of the first k levels together, 95 % "
                        "intervals.",
                        {"": partial(_levels_chart, study)},
                    ),
                    Figure(
                        "Learned weights",
                        "Learned weight of each level over all splits.",
                        {"": partial(weight_columns, study.by_filter[study.filter])},
                    ),
                ],
            ),
            Section("Filters and fusion", [filter_table(study), form_table(study)]),
            Section("By distortion type", [kind_table(study)]),
        ],
        closing([], [study.data], settings, command),
    )


def level_table(study: ScaleStudy) -> Table:
    """Each level alone, and all together, against level 1."""
    quality = study.data.quality
    table = Table(
        f"each level alone and all together ({study.name})",
        ["scores", "SRCC", "gain over level 1", "p (Holm)"],
        note=tested(study.data),
        subject=study.data.title,
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
        f"how many levels ({study.name})",
        ["levels", "equal weights", "learned, unseen references", "learned less equal", "p (Holm)"],
        best=("equal weights", "learned, unseen references"),
        note="SRCC. Learned weights are always measured on references they have not seen. "
        + tested(study.data),
        subject=study.data.title,
    )
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
        f"down-sampling filter ({study.name}, {study.levels} levels)",
        [
            "filter",
            "equal weights",
            "learned, unseen references",
            f"less {study.filter}",
            "p (Holm)",
        ],
        best=("equal weights", "learned, unseen references"),
        note="SRCC; differences with equal weights. " + tested(study.data),
        subject=study.data.title,
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
        f"form of the fusion ({study.name}, {study.levels} levels)",
        ["fusion", "equal weights", "learned, unseen references"],
        best=("equal weights", "learned, unseen references"),
        note="SRCC.",
        subject=study.data.title,
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
        f"SRCC by distortion type ({study.name})",
        ["distortion", *columns],
        shaded=True,
        note=left_out(study.data).strip(),
        subject=study.data.title,
    )
    for kind, row in zip(kinds, grid, strict=True):
        table.rows.append([kind_name(kind), *(float(value) for value in row)])
    return table


def _levels_chart(study: ScaleStudy) -> Lines:
    quality, counts = study.data.quality, range(1, study.levels + 1)
    alone = [study.main[:, k - 1] for k in counts]
    together = [fused(study.main[:, :k], equal_weights(k)) for k in counts]
    learned = [float(study.learned[k].srcc.mean()) for k in counts[1:]]

    def line(scores: Sequence[Array]) -> Line:
        intervals = [srcc_interval(study, s) for s in scores]
        return Line(
            counts,
            [spearman(s, quality) for s in scores],
            [interval.low for interval in intervals],
            [interval.high for interval in intervals],
        )

    return Lines(
        {
            "level k alone": line(alone),
            "levels 1 to k, equal weights": line(together),
            "levels 1 to k, learned (unseen references)": Line(counts[1:], learned),
        },
        "level k (1: full size)",
        f"SRCC with people, {study.data.title}",
        [str(k) for k in counts],
    )
