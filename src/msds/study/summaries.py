"""The tables of a benchmark."""

from __future__ import annotations

from collections import Counter

from msds.report.table import Cell, Table, with_interval, with_mark
from msds.study.benchmark import LEAST_PAIRS, Benchmark, SetResult
from msds.study.datasets.base import RatedSet
from msds.study.statistics import references_suffice

TESTS = {
    "bootstrap": "SRCC, bootstrap over references",
    "williams": "SRCC, Williams",
    "steiger": "SRCC, Steiger",
    "f_test": "residual variance, F-test",
    "different": "different or similar, AUC",
    "better": "better or worse, AUC",
}


FEW_REFERENCES = (
    " (fewer than five references, or one with more than half of the pairs: resampling references "
    "would say little)"
)


def benchmark_tables(benchmark: Benchmark) -> list[Table]:
    """All tables of a benchmark, set by set, and the averages where there are several sets."""
    tables: list[Table] = []
    for result in benchmark.sets:
        tables += [overall_table(result), distortion_table(result), duel_table(result)]
        if any(entry.krasula is not None for entry in result.entries.values()):
            tables.append(krasula_table(result))
    if len(benchmark.sets) > 1:
        tables.append(average_table(benchmark))
    return [table for table in tables if table.rows]


def overall_table(result: SetResult) -> Table:
    """Agreement of every contender with people, with 95 % intervals."""
    some = next(iter(result.entries.values())).overall
    resampled = bool(some.bootstrap)
    ratio = some.outlier_ratio is not None
    columns = ["metric", "SRCC", "PLCC", "KRCC", "RMSE", "PLCC raw"]
    columns += ["outlier ratio"] if ratio else []
    table = Table(
        f"{result.data.title}: {len(result.data)} pairs, {some.references} references",
        columns,
        note="95 % intervals by bootstrap over references."
        if resampled
        else "95 % intervals by Fisher's z, which takes all pairs as independent"
        + ("" if references_suffice(result.data.groups) else FEW_REFERENCES)
        + ".",
    )
    for name, entry in result.entries.items():
        found = entry.overall
        intervals = found.bootstrap if resampled else found.fisher
        row: list[Cell] = [name]
        row += [
            with_interval(getattr(found, value), intervals.get(value))
            for value in ("srcc", "plcc", "krcc", "rmse")
        ]
        row.append(found.plcc_raw)
        row += [found.outlier_ratio] if ratio else []
        table.rows.append(row)
    problems = [
        f"{name}: {entry.overall.fit.problem}"
        for name, entry in result.entries.items()
        if entry.overall.fit is not None and entry.overall.fit.problem
    ]
    held = [
        name
        for name, entry in result.entries.items()
        if entry.overall.fit is not None and entry.overall.fit.constrained
    ]
    if held:
        table.note += f" Logistic curve held monotone: {', '.join(held)}."
    if not next(iter(result.entries.values())).by_distortion:
        table.note += left_out(result.data)
    if problems:
        table.note += f" Logistic fit failed: {'; '.join(problems)}."
    return table


def distortion_table(result: SetResult) -> Table:
    """SRCC of every contender on every distortion type."""
    names = list(result.entries)
    table = Table(
        f"{result.data.title}: SRCC by distortion type", ["distortion", "pairs", *names], best=()
    )
    kinds = next(iter(result.entries.values())).by_distortion
    for kind, found in kinds.items():
        values: list[Cell] = [result.entries[name].by_distortion[kind].srcc for name in names]
        table.rows.append([kind, found.n, *values])
    table.note = left_out(result.data).strip()
    return table


def left_out(data: RatedSet) -> str:
    """How many distortion types have too few pairs for a correlation of their own, if any."""
    kinds = Counter(pair.distortion for pair in data.pairs if pair.distortion)
    few = sum(count < LEAST_PAIRS for count in kinds.values())
    if len(kinds) < 2 or not few:
        return ""
    return f" By type, {few} of {len(kinds)} are left out: fewer than {LEAST_PAIRS} pairs."


def duel_table(result: SetResult) -> Table:
    """Differences in SRCC with intervals, and every test's adjusted p-value."""
    tests = list(dict.fromkeys(test for duel in result.duels for test in duel.tests))
    table = Table(
        f"{result.data.title}: is the difference significant?",
        ["first", "second", "difference in SRCC", *(TESTS[test] for test in tests), "better"],
        note=f"p-values of two-sided tests after Holm's correction; better: by the test "
        f"'{TESTS[result.deciding_test]}' at 0.05. An asterisk marks an F-test on residuals that "
        "are not Gaussian.",
    )
    for duel in result.duels:
        main = duel.tests.get(result.deciding_test)
        row: list[Cell] = [duel.first, duel.second]
        row.append(with_interval(main.difference, main.interval) if main is not None else None)
        for test in tests:
            done = duel.tests.get(test)
            mark = "*" if done is not None and done.caution else ""
            row.append(with_mark(duel.adjusted[test], mark) if done is not None else None)
        row.append(duel.winner(result.deciding_test) or "neither")
        table.rows.append(row)
    return table


def krasula_table(result: SetResult) -> Table:
    """Krasula's analysis of every contender."""
    table = Table(
        f"{result.data.title}: does the metric see what people see?",
        ["metric", "AUC different/similar", "AUC better/worse", "correct sign"],
        best=("AUC different/similar", "AUC better/worse", "correct sign"),
    )
    for name, entry in result.entries.items():
        if entry.krasula is not None:
            found = entry.krasula
            table.rows.append([name, found.auc_different, found.auc_better, found.correct_sign])
            table.note = (
                f"{found.pairs_different} pairs of images that people tell apart, "
                f"{found.pairs_similar} that they do not."
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
        row: list[Cell] = [name]
        for by_pairs in (False, True):
            row += [benchmark.average(name, v, by_pairs) for v in ("srcc", "plcc", "krcc")]
        table.rows.append(row)
    return table
