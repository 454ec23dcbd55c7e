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
from msds.study.pages.benchmark import few_pairs_note, tested
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
            *_of_features(study),
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
    doubt = study.data.doubt(spearman(found, quality) for found in scores.values())
    table.note += f" {doubt}" if doubt else ""
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
        [
            "levels",
            "equal weights",
            "over level 1",
            "p (Holm)",
            "learned, unseen references",
            "over level 1 ",
            "p (Holm) ",
            "learned less equal",
            "p (Holm)  ",
        ],
        best=("equal weights", "learned, unseen references"),
        note="SRCC. Learned weights are always measured on references they have not seen. "
        "p-values by Holm over all of the table. " + tested(study.data),
        subject=study.data.title,
    )
    first, fits = study.main[:, 0], study.learned
    gains = []
    for count, fit in fits.items():
        together = fused(study.main[:, :count], equal_weights(count))
        gains += [
            against(study, together, first),
            fit.gains["level 1"],
            fit.gains["equal weights"],
        ]
    adjusted = holm([gain.p_value for gain in gains])
    shown = [
        [with_interval(gain.difference, gain.interval), with_mark(p_value)]
        for gain, p_value in zip(gains, adjusted, strict=True)
    ]
    table.rows.append([1, spearman(first, quality), *[None] * 7])
    for number, (count, fit) in enumerate(fits.items()):
        equal, learned, between = shown[3 * number : 3 * number + 3]
        row: list[Cell] = [count, fit.rivals["equal weights"], *equal]
        table.rows.append([*row, float(fit.srcc.mean()), *learned, *between])
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
        ["fusion", "equal weights", "less linear", "p", "learned, unseen references"],
        best=("equal weights", "learned, unseen references"),
        note="SRCC; difference with equal weights. " + tested(study.data),
        subject=study.data.title,
    )
    fits = {"linear": study.by_filter[study.filter], "geometric": study.geometric}
    equal = {form: fused(study.main, equal_weights(study.levels), form) for form in FORMS}
    for form in FORMS:
        row: list[Cell] = [form, spearman(equal[form], quality), None, None]
        if form != "linear":
            test = against(study, equal[form], equal["linear"])
            row[2] = with_interval(test.difference, test.interval, 4)
            row[3] = with_mark(test.p_value)
        table.rows.append([*row, float(fits[form].srcc.mean())])
    return table


def _of_features(study: ScaleStudy) -> list[Section]:
    if study.features is None:
        return []
    return [Section("Levels of images or of features", [feature_table(study)])]


def feature_table(study: ScaleStudy) -> Table:
    """Levels from a pyramid of features against those from a pyramid of images."""
    quality = study.data.quality
    table = Table(
        f"levels of images or of features ({study.name})",
        ["scores", "pyramid of images", "pyramid of features", "features less images", "p (Holm)"],
        note="SRCC. A pyramid of features runs the trunk once, at full size, and halves its maps; "
        "level 1 is the same. " + tested(study.data),
        subject=study.data.title,
    )
    if study.features is None:
        return table
    scores, fit = study.features
    equal = equal_weights(study.levels)
    rows = {f"level {k + 1} alone": (study.main[:, k], scores[:, k]) for k in range(study.levels)}
    together = fused(study.main, equal), fused(scores, equal)
    rows[f"levels 1 to {study.levels}, equal weights"] = together
    names = list(rows)[1:]
    tests = [against(study, rows[name][1], rows[name][0]) for name in names]
    adjusted = holm([test.p_value for test in tests])
    first = [spearman(one, quality) for one in rows["level 1 alone"]]
    table.rows.append(["level 1 alone", *first, None, None])
    for name, test, p_value in zip(names, tests, adjusted, strict=True):
        found = [spearman(one, quality) for one in rows[name]]
        gain = with_interval(test.difference, test.interval)
        table.rows.append([name, *found, gain, with_mark(p_value)])
    learned = [float(one.srcc.mean()) for one in (study.by_filter[study.filter], fit)]
    table.rows.append(
        [f"levels 1 to {study.levels}, learned, unseen references", *learned, None, None]
    )
    return table


def kind_table(study: ScaleStudy) -> Table:
    """SRCC of every level on every distortion type."""
    kinds, grid = kind_grid(study)
    columns = [f"level {k + 1}" for k in range(study.levels)] + ["equal weights"]
    table = Table(
        f"SRCC by distortion type ({study.name})",
        ["distortion", *columns],
        shaded=True,
        note=few_pairs_note(study.data).strip(),
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
