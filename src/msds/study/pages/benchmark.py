"""What a benchmark shows: agreement, who is better, plots, and the worst disagreements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import numpy as np

from msds.report.blocks import Block, Figure, Heading, Matrix, PicturePair, Section, Text, Tone
from msds.report.charts import Intervals
from msds.report.page import Page
from msds.report.pictures import picture_uri
from msds.report.table import Cell, Table, with_interval, with_mark
from msds.scoring.contenders import Contender
from msds.study.benchmark import LEAST_PAIRS, LEVEL, Benchmark, Entry, SetResult
from msds.study.datasets.base import RatedPair, RatedSet, names_of
from msds.study.pages.closing import closing
from msds.study.pages.drawn import kind_name, scatter
from msds.study.seen import MARK
from msds.study.statistics import ranks

_WORST = 4

TESTS = {
    "bootstrap": "SRCC, bootstrap over {unit}s",
    "williams": "SRCC, Williams",
    "steiger": "SRCC, Steiger",
    "f_test": "residual variance, F-test",
    "pitman_morgan": "residual variance, Pitman-Morgan",
    "residual_bootstrap": "residual deviation, bootstrap over {unit}s",
    "different": "different or similar, AUC",
    "better": "better or worse, AUC",
}
_FEW = "fewer than five references, or one with more than half of the pairs"
RESAMPLED = {
    "reference": "by bootstrap over references.",
    "ladder": "by bootstrap over ladders (all pairs of one reference and one distortion type), "
    f"since resampling references would say little: {_FEW}. They hold for these references and "
    "say nothing about others.",
}
NO_TEST = f"No test is possible: too few references ({_FEW}) and too few ladders of pairs."


def tested(data: RatedSet) -> str:
    """How intervals of differences and p-values of this set come about, for a table's note."""
    unit = data.resampling_unit
    return NO_TEST if unit is None else f"Intervals and p-values {RESAMPLED[unit]}"


def test_name(test: str, data: RatedSet) -> str:
    """What tables call a test on this set."""
    return TESTS[test].format(unit=data.resampling_unit)


def benchmark_page(
    benchmark: Benchmark, contenders: Sequence[Contender] = (), command: str = ""
) -> Page:
    """The page of a benchmark.

    Parameters
    ----------
    contenders : those that took part, whose settings the page names.
    command : what repeats it.
    """
    data = [result.data for result in benchmark.sets]
    titles = names_of(data)
    results = [set_section(*item) for item in zip(titles, benchmark.sets, strict=True)]
    if len(benchmark.sets) > 1:
        results.append(Section("All sets together", [average_table(benchmark)]))
    return Page(
        "Agreement of image quality metrics with people",
        f"{', '.join(benchmark.contenders)} on {', '.join(titles)}.",
        results,
        closing(contenders, data, asdict(benchmark.settings), command),
    )


def set_section(title: str, result: SetResult) -> Section:
    """Everything about one set."""
    section = Section(title)
    blocks, entries = section.blocks, list(result.entries.values())
    blocks.append(overall_table(title, result))
    blocks.append(
        Figure(
            "Agreement with people",
            f"SRCC of each metric with the opinions of {title}, 95 % intervals.",
            {"": partial(_overall_chart, result)},
        )
    )
    tables = [distortion_table(title, result), duel_table(title, result)]
    tables.append(krasula_table(title, result))
    blocks += [table for table in tables if table.rows]
    if result.deciding_test is not None:
        blocks.append(_who_beats_whom(result, test_name(result.deciding_test, result.data)))
    blocks.append(
        Figure(
            "Scores against opinions",
            f"A mark for each pair of {title}. An entry of the legend picks out its kind.",
            {_numbers(entry): partial(scatter, result.data, entry) for entry in entries},
        )
    )
    blocks += _disagreements(result.data, entries[0])
    return section


def _numbers(entry: Entry) -> str:
    found = entry.overall
    return f"{entry.name}: SRCC {found.srcc:.3f}, PLCC {found.plcc:.3f}, RMSE {found.rmse:.3g}"


def _overall_chart(result: SetResult) -> Intervals:
    values = {}
    for name, entry in result.entries.items():
        found = entry.overall
        interval = (found.bootstrap or found.fisher)["srcc"]
        values[name] = (found.srcc, interval.low, interval.high)
    return Intervals(values, "SRCC with people")


def _who_beats_whom(result: SetResult, test: str) -> Matrix:
    names = list(result.entries)
    cells: list[list[tuple[str, Tone]]] = [[("no difference", "plain")] * len(names) for _ in names]
    for k in range(len(names)):
        cells[k][k] = ("", "self")
    for duel in result.duels:
        i, j = names.index(duel.first), names.index(duel.second)
        winner = duel.winner(result.deciding_test)
        if winner is not None:
            if winner == duel.second:
                i, j = j, i
            cells[i][j], cells[j][i] = ("better", "good"), ("worse", "poor")
    caption = f"A row's metric against a column's: {test}, Holm's correction, at {LEVEL}."
    return Matrix("Who is significantly better", names, cells, caption)


def _disagreements(data: RatedSet, entry: Entry) -> list[Block]:
    blocks: list[Block] = [
        Heading("Worst disagreements"),
        Text(
            "Pairs whose place among the scores is furthest from their place among the opinions. "
            "Places run from 1 (worst) upwards. A click on a picture shows the two in turns."
        ),
    ]
    by_people, by_metric = ranks(data.quality), ranks(entry.scores)
    for index in np.argsort(-np.abs(by_people - by_metric))[:_WORST]:
        pair = data.pairs[index]
        verdict = "too good" if by_metric[index] > by_people[index] else "too bad"
        kind = f", {kind_name(pair.distortion)}" if pair.distortion else ""
        blocks.append(
            PicturePair(
                f"reference {pair.reference.name}",
                f"distorted {pair.distorted.name}",
                partial(_pictures, pair),
                f"{data.relative(pair.distorted)}{kind}: {entry.name} finds it {verdict}, place "
                f"{by_metric[index]:.0f} of {len(data)}, people {by_people[index]:.0f} "
                f"(score {entry.scores[index]:.4f}, opinion {pair.opinion:.3g}).",
            )
        )
    return blocks


def _pictures(pair: RatedPair) -> tuple[str, str]:
    return picture_uri(pair.reference), picture_uri(pair.distorted)


def overall_table(title: str, result: SetResult) -> Table:
    """Agreement of every contender with people, with 95 % intervals."""
    some = next(iter(result.entries.values())).overall
    ratio = some.outlier_ratio is not None
    columns = ["metric", "SRCC", "PLCC", "KRCC", "RMSE", "PLCC raw"]
    columns += ["outlier ratio"] if ratio else []
    table = Table(
        f"{len(result.data)} pairs, {some.references} references",
        columns,
        note=_overall_note(result),
        subject=title,
    )
    for name, entry in result.entries.items():
        found = entry.overall
        intervals = found.bootstrap if some.bootstrap else found.fisher
        row: list[Cell] = [shown(name, result)]
        row += [
            with_interval(getattr(found, value), intervals.get(value))
            for value in ("srcc", "plcc", "krcc", "rmse")
        ]
        row.append(found.plcc_raw)
        row += [found.outlier_ratio] if ratio else []
        table.rows.append(row)
    return table


def _overall_note(result: SetResult) -> str:
    """Where the intervals come from, and what is to be minded about the numbers."""
    data, some = result.data, next(iter(result.entries.values()))
    note = "95 % intervals " + (
        RESAMPLED[str(data.resampling_unit)]
        if some.overall.bootstrap
        else "by Fisher's z, which takes all pairs as independent and is too narrow."
    )
    note += curve_note(result) + seen_note(result)
    if some.overall.outlier_ratio is not None:
        note += (
            " Outlier ratio: share of pairs further from the curve than twice the "
            f"{data.deviation_kind or 'deviation (of unknown kind)'} that the set gives; "
            "not comparable with a set that gives another."
        )
    if doubt := data.doubt(entry.overall.srcc for entry in result.entries.values()):
        note += f" {doubt}"
    if not some.by_distortion:
        note += few_pairs_note(data)
    problems = [
        f"{name}: {entry.overall.fit.problem}"
        for name, entry in result.entries.items()
        if entry.overall.fit is not None and entry.overall.fit.problem
    ]
    if problems:
        note += f" Logistic fit failed: {'; '.join(problems)}."
    return note


def curve_note(result: SetResult) -> str:
    """Which curve stands between scores and opinions, and in whose case it had to be held."""
    fits = {name: entry.overall.fit for name, entry in result.entries.items()}
    known = [fit for fit in fits.values() if fit is not None]
    if not known:
        return ""
    if known[0].curve == 4:
        return " PLCC and RMSE after the four-parameter logistic curve."
    if not known[0].monotone:
        return " PLCC and RMSE after the five-parameter logistic curve, free to turn (customary)."
    note = " PLCC and RMSE after the five-parameter logistic curve, held monotone"
    held = [name for name, fit in fits.items() if fit is not None and fit.constrained]
    return note + (f", which changes it for {', '.join(held)}." if held else ".")


def distortion_table(title: str, result: SetResult) -> Table:
    """SRCC of every contender on every distortion type."""
    names = list(result.entries)
    headings = [shown(name, result) for name in names]
    table = Table(
        "SRCC by distortion type", ["distortion", "pairs", *headings], shaded=True, subject=title
    )
    kinds = next(iter(result.entries.values())).by_distortion
    for kind, found in kinds.items():
        values: list[Cell] = [result.entries[name].by_distortion[kind].srcc for name in names]
        table.rows.append([kind_name(kind), found.n, *values])
    table.note = (few_pairs_note(result.data) + seen_note(result)).strip()
    return table


def shown(name: str, result: SetResult) -> str:
    """A metric's name, with a mark where its weights were learned on the set."""
    return f"{name} {MARK}" if result.entries[name].seen else name


def seen_note(result: SetResult) -> str:
    """Whose weights were learned on what of the set, if anybody's."""
    found = [f"{name} on {entry.seen}" for name, entry in result.entries.items() if entry.seen]
    return (
        f" {MARK} No test of the level weights, learned here: {'; '.join(found)}." if found else ""
    )


def few_pairs_note(data: RatedSet) -> str:
    """How many distortion types have too few pairs for a correlation of their own, if any."""
    kinds = Counter(pair.distortion for pair in data.pairs if pair.distortion)
    few = sum(count < LEAST_PAIRS for count in kinds.values())
    if len(kinds) < 2 or not few:
        return ""
    return f" By type, {few} of {len(kinds)} are left out: fewer than {LEAST_PAIRS} pairs."


def duel_table(title: str, result: SetResult) -> Table:
    """Differences in SRCC with intervals, and every test's adjusted p-value."""
    tests = list(dict.fromkeys(test for duel in result.duels for test in duel.tests))
    table = Table(
        "is the difference significant?",
        [
            "first",
            "second",
            "difference in SRCC",
            *(test_name(test, result.data) for test in tests),
            "better",
        ],
        note=_duel_note(result),
        subject=title,
    )
    deciding = result.deciding_test
    for duel in result.duels:
        main = duel.tests.get(deciding or "williams")
        row: list[Cell] = [shown(duel.first, result), shown(duel.second, result)]
        row.append(with_interval(main.difference, main.interval) if main is not None else None)
        for test in tests:
            done = duel.tests.get(test)
            mark = "*" if done is not None and done.caution else ""
            row.append(with_mark(duel.adjusted[test], mark) if done is not None else None)
        row.append(duel.winner(deciding) or ("neither" if deciding else "no test"))
        table.rows.append(row)
    return table


def _duel_note(result: SetResult) -> str:
    note = "p-values of two-sided tests after Holm's correction. "
    if result.deciding_test is not None:
        name = test_name(result.deciding_test, result.data)
        note += f"Better: by the test '{name}' at 0.05."
    elif result.data.resampling_unit is None:
        note += NO_TEST
    else:
        note += "No test decides without bootstrap samples."
    return (
        f"{note} Tests other than the bootstrap take pairs of one ladder as independent and raise "
        "false alarms. An asterisk marks residuals that are not Gaussian." + seen_note(result)
    )


def krasula_table(title: str, result: SetResult) -> Table:
    """Krasula's analysis of every contender."""
    table = Table(
        "does the metric see what people see?",
        ["metric", "AUC different/similar", "AUC better/worse", "correct sign"],
        best=("AUC different/similar", "AUC better/worse", "correct sign"),
        subject=title,
    )
    for name, entry in result.entries.items():
        if entry.krasula is not None:
            found = entry.krasula
            row: list[Cell] = [shown(name, result), found.auc_different, found.auc_better]
            table.rows.append([*row, found.correct_sign])
            table.note = (
                f"{found.pairs_different} pairs of images that people tell apart, "
                f"{found.pairs_similar} that they do not.{seen_note(result)}"
            )
    return table


def average_table(benchmark: Benchmark) -> Table:
    """Averages over all sets."""
    table = Table(
        f"Average over {len(benchmark.sets)} sets",
        ["metric", "SRCC", "PLCC", "KRCC", "SRCC by pairs", "PLCC by pairs", "KRCC by pairs"],
        best=("SRCC", "PLCC", "KRCC", "SRCC by pairs", "PLCC by pairs", "KRCC by pairs"),
        note="Every set counting the same, and weighted by its pairs.",
    )
    for name in benchmark.contenders:
        seen = [result.data.title for result in benchmark.sets if result.entries[name].seen]
        row: list[Cell] = [f"{name} {MARK}" if seen else name]
        if seen:
            table.note += f" {MARK} {name}: level weights learned on pairs of {', '.join(seen)}."
        for by_pairs in (False, True):
            row += [benchmark.average(name, v, by_pairs) for v in ("srcc", "plcc", "krcc")]
        table.rows.append(row)
    return table
