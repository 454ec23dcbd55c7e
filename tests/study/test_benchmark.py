"""Benchmarks from numbers and images to tables and pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers import trees
from msds.errors import InputError
from msds.scoring.classics import PSNR, SSIM
from msds.study.benchmark import Benchmark, SetResult, Settings, measure, run_benchmark
from msds.study.datasets import RatedPair, RatedSet, open_dataset
from msds.study.measuring import Measured
from msds.study.pages.benchmark import benchmark_page

stats = pytest.importorskip("scipy.stats")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    return open_dataset(str(trees.rated(tmp_path_factory.mktemp("rated"))))


@pytest.mark.slow
def test_a_benchmark_gives_scipys_correlations_for_every_metric(data: RatedSet) -> None:
    result = run_benchmark([data], [PSNR(), SSIM()], settings=Settings(resamples=50)).sets[0]
    for entry in result.entries.values():
        expected = stats.spearmanr(entry.scores, data.opinions).statistic
        assert entry.overall.srcc == pytest.approx(expected)
        assert set(entry.by_distortion) == {"noise", "offset"}
        assert entry.krasula is not None
        assert entry.overall.outlier_ratio is not None
    assert result.deciding_test == "bootstrap"
    duel = result.duels[0]
    assert set(duel.tests) == {
        "bootstrap",
        "williams",
        "steiger",
        "f_test",
        "pitman_morgan",
        "residual_bootstrap",
        "different",
        "better",
    }
    assert all(duel.adjusted[test] >= duel.tests[test].p_value for test in duel.tests)


def test_a_set_named_twice_too_small_or_with_equal_opinions_is_refused(data: RatedSet) -> None:
    with pytest.raises(InputError, match="has 2 rated pairs; agreement can be measured from 3 on"):
        run_benchmark([replace(data, pairs=data.pairs[:2])], [PSNR()])
    with pytest.raises(InputError, match="named twice"):
        run_benchmark([data, data], [PSNR()])
    pairs = tuple(replace(pair, opinion=3.0) for pair in data.pairs)
    with pytest.raises(InputError, match="all opinions are equal"):
        run_benchmark([replace(data, pairs=pairs)], [PSNR()])


def lopsided(kinds: Sequence[str]) -> SetResult:
    """50 pairs, 40 of one reference; PSNR follows the opinions and SSIM is noise."""
    random = np.random.default_rng(0)
    pairs = tuple(
        RatedPair(Path("r"), Path(f"d{i}"), float(i), "r0" if i < 40 else f"r{i}", kinds[i])
        for i in range(50)
    )
    data = RatedSet("x", "lopsided", Path(), pairs, True, "quality")
    good, poor = np.arange(50.0) + random.normal(0, 2, 50), random.normal(size=50)
    measured = Measured(data, (good[:, None], poor[:, None]))
    return measure(measured, [PSNR(), SSIM()], Settings(resamples=60))


def test_where_one_reference_dominates_ladders_decide_and_the_tables_say_for_whom() -> None:
    result = lopsided([f"kind {i % 12}" for i in range(50)])
    assert result.deciding_test == "bootstrap"
    assert result.duels[0].winner("bootstrap") == "PSNR"
    page = benchmark_page(Benchmark(Settings(), [result]))
    text = "\n".join(table.markdown() for table in page.tables)
    assert "SRCC, bootstrap over ladders" in text
    assert "They hold for these references and say nothing about others" in text


def test_without_references_or_ladders_enough_nobody_is_better_whatever_williams_says() -> None:
    result = lopsided([""] * 50)
    assert result.duels[0].adjusted["williams"] < 0.001
    assert result.deciding_test is None
    assert result.duels[0].winner(result.deciding_test) is None
    page = benchmark_page(Benchmark(Settings(), [result]))
    text = "\n".join(table.markdown() for table in page.tables)
    assert "No test is possible: too few references" in text
    assert "| no test |" in text


def test_the_table_says_which_curve_stands_behind_plcc(data: RatedSet) -> None:
    scores = np.random.default_rng(0).normal(size=(len(data), 1))
    notes = []
    for settings in (Settings(4), Settings(5), Settings(5, monotone=False)):
        quick = replace(settings, resamples=0)
        result = measure(Measured(data, (scores,)), [SSIM()], quick)
        notes.append(benchmark_page(Benchmark(quick, [result])).tables[0].note)
    assert "the four-parameter logistic curve." in notes[0]
    assert "the five-parameter logistic curve, held monotone" in notes[1]
    assert "the five-parameter logistic curve, free to turn (customary)." in notes[2]


def test_a_set_against_which_every_metric_runs_is_pointed_out(data: RatedSet) -> None:
    random = np.random.default_rng(0)
    settings = Settings(resamples=0)
    for scores, doubtful in ((data.quality, False), (-data.quality, True)):
        good, poor = (scores + random.normal(0, 0.1, len(data)) for _ in range(2))
        measured = Measured(data, (good[:, None], poor[:, None]))
        result = measure(measured, [PSNR(), SSIM()], settings)
        note = benchmark_page(Benchmark(settings, [result])).tables[0].note
        assert ("Every metric runs against these opinions" in note) == doubtful
        assert ("write FILE:COLUMN:lower" in note) == doubtful
    # One metric that agrees is enough not to doubt the direction.
    assert data.doubt([-0.8, 0.2]) == ""
    assert "was taken as worse" in replace(data, higher_is_better=False).doubt([-0.8, -0.5])


def test_contenders_of_the_same_name_are_refused(data: RatedSet) -> None:
    with pytest.raises(InputError, match="different names"):
        run_benchmark([data], [PSNR(), PSNR()])


@pytest.mark.slow
def test_the_report_is_one_file_that_loads_nothing_from_elsewhere(
    data: RatedSet, tmp_path: Path
) -> None:
    contenders = [PSNR(), SSIM()]
    benchmark = run_benchmark([data], contenders, settings=Settings(resamples=20))
    path = tmp_path / "out.html"
    assert benchmark_page(benchmark, contenders, "msds bench <x>").write(path) == []
    text = path.read_text()
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', text)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "msds bench &lt;x&gt;" in text
    assert data.fingerprint in text
    assert text.count("data:image/webp") == 8
    assert "SRCC" in text
    assert not re.search(r'<img (?![^>]*alt="[^"]+")', text)


def test_two_columns_of_opinions_in_one_file_have_a_section_and_tables_of_their_own(
    data: RatedSet,
) -> None:
    settings = Settings(resamples=0)
    scores = (data.quality[:, None],)
    sets = [replace(data, opinion_name=name) for name in ("mos", "dmos")]
    page = benchmark_page(
        Benchmark(settings, [measure(Measured(s, scores), [PSNR()], settings) for s in sets])
    )
    titles = [section.title for section in page.results]
    assert titles == [f"{data.title} (mos)", f"{data.title} (dmos)", "All sets together"]
    names = [table.name for section in page.results[:2] for table in section.tables]
    assert len(set(names)) == len(names)
    assert all(
        table.subject == section.title for section in page.results[:2] for table in section.tables
    )


def test_types_with_too_few_pairs_are_counted(data: RatedSet) -> None:
    kinds = [pair.distortion for pair in data.pairs]
    first = [row for row, kind in enumerate(kinds) if kind == kinds[0]]
    others = [row for row, kind in enumerate(kinds) if kind != kinds[0]]
    note = "By type, {} of 2 are left out: fewer than 6 pairs."
    for rows, count in (([*first[:6], *others[:2]], 1), ([*first[:5], *others[:5]], 2)):
        part = data.subset(rows)
        scores = np.arange(len(rows))[:, None] / 10
        settings = Settings(resamples=0)
        result = measure(Measured(part, (scores,)), [SSIM()], settings)
        tables = benchmark_page(Benchmark(settings, [result])).tables
        assert [note.format(count) in table.note for table in tables].count(True) == 1
