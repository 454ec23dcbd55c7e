"""Benchmarks and studies from images to tables and pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

from helpers import trees
from msds.errors import InputError
from msds.images import load_image
from msds.metric import MSDS
from msds.report.table import Cell, Table, with_interval, with_mark
from msds.scoring.classics import PSNR, SSIM
from msds.scoring.contenders import DeepContender
from msds.study import warps
from msds.study.benchmark import Benchmark, SetResult, Settings, measure, run_benchmark
from msds.study.cost import _Alive, measure_cost
from msds.study.datasets import RatedPair, RatedSet, open_dataset
from msds.study.layers import layer_trunks, study_layers
from msds.study.measuring import Measured
from msds.study.pages.benchmark import benchmark_page
from msds.study.pages.cost import cost_tables
from msds.study.pages.layers import layer_table
from msds.study.pages.scales import scales_page
from msds.study.pages.shift import shift_table
from msds.study.scales import study_scales
from msds.study.shift import equivalent_noise, study_shift
from msds.study.statistics import Interval
from msds.trunks import load_trunk

stats = pytest.importorskip("scipy.stats")
pytest.importorskip("skimage")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    return open_dataset(str(trees.rated(tmp_path_factory.mktemp("rated"))))


def deep(levels: int = 3, pyramid_filter: str = "average") -> DeepContender:
    trunk = load_trunk("compact", "random")
    return DeepContender(
        MSDS(trunk, levels=levels, filter=pyramid_filter), f"deep {pyramid_filter}"
    )


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


def test_tables_are_written_for_people_and_for_machines() -> None:
    table = Table("A & B", ["metric", "SRCC", "RMSE"], [["x_1", 0.91234, 3.0], ["y", 0.5, 2.0]])
    table.best = ("SRCC", "-RMSE")
    assert table.markdown().splitlines()[4] == "| x_1 | **0.912** | 3.000 |"
    assert table.markdown().splitlines()[5] == "| y | 0.500 | **2.000** |"
    assert r"x\_1 & \textbf{0.912} & 3.000 \\" in table.latex()
    assert r"\caption{A \& B}" in table.latex()
    assert table.csv().splitlines()[1] == "A & B,x_1,0.91234,3.0"


def test_numbers_with_intervals_and_marks_are_numbers_in_csv() -> None:
    rows: list[list[Cell]] = [
        ["a", with_interval(0.5, Interval(0.25, 0.75)), with_mark(0.0004, "*"), 1],
        ["b", with_interval(0.125, None), with_mark(0.5), None],
        ["c", with_interval(float("nan"), None), None, 2],
    ]
    table = Table("t", ["metric", "SRCC", "p", "n"], rows)
    assert table.csv().splitlines() == [
        "table,metric,SRCC,SRCC low,SRCC high,p,p mark,n",
        "t,a,0.5,0.25,0.75,0.0004,*,1",
        "t,b,0.125,,,0.5,,",
        "t,c,,,,,,2",
    ]
    assert table.markdown().splitlines()[4] == "| a | 0.500 [0.250, 0.750] | < 0.001* | 1 |"
    assert table.markdown().splitlines()[6] == "| c | – | – | 2 |"


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


@pytest.mark.slow
def test_the_study_of_scales_answers_for_levels_filters_and_fusion(data: RatedSet) -> None:
    study = study_scales(
        data, lambda name: deep(3, name), ["average", "stride"], folds=3, seeds=1, resamples=20
    )
    assert study.main.shape == (48, 3)
    np.testing.assert_allclose(study.tables["average"][:, 0], study.tables["stride"][:, 0])
    tables = scales_page(study, {}).tables
    assert [len(table.rows) for table in tables] == [4, 3, 2, 2, 2]
    assert float(str(tables[0].rows[0][1]).split()[0]) == pytest.approx(
        stats.spearmanr(study.main[:, 0], data.quality).statistic, abs=6e-4
    )


def test_the_study_of_layers_cuts_the_trunk_after_each_convolution(data: RatedSet) -> None:
    trunk = load_trunk("compact", "random")
    trunks = layer_trunks(trunk)
    pixels = load_image(data.pairs[0].reference).pixels[None]
    last = list(trunks)[-1]
    assert (trunks[last](pixels) == trunk(pixels)).all()
    assert trunks[last].stride == 16
    chosen = {name: trunks[name] for name in list(trunks)[-2:]}
    few = data.subset(range(0, 48, 6))
    scores = dict(zip(chosen, study_layers(few, chosen, 2).tables, strict=True))
    assert len(layer_table(few, scores, chosen).rows) == 2


def test_changes_of_no_strength_change_nothing_but_the_window() -> None:
    image = warps.window(load_image(trees.photograph(2, 160)).pixels)
    whole = load_image(trees.photograph(2, 160)).pixels
    for name in ("translation", "rotation", "scaling", "perspective", "cropping"):
        np.testing.assert_allclose(warps.WARPS[name][0](whole, 0.0, 0), image, atol=2e-6)
    shifted = warps.translate(whole, 3.0, seed=1)
    assert float((shifted - image).abs().max()) > 0.01
    with pytest.raises(InputError, match="too strong"):
        warps.translate(whole, 60.0)


def test_a_whole_pixel_translation_is_the_shifted_photograph() -> None:
    whole = load_image(trees.photograph(2, 100)).pixels
    y, x = warps._places(100, 100)
    moved = warps._sample(whole, y, x + 2)
    np.testing.assert_allclose(moved, whole[:, 12:88, 14:90], atol=2e-6)


def test_equivalent_noise_is_found_between_the_steps_of_the_yardstick() -> None:
    yardstick = np.array([1.0, 0.9, 0.8, 0.6, 0.5, 0.3, 0.2, 0.1])
    assert equivalent_noise(1.0, yardstick) == 0
    assert equivalent_noise(0.9, yardstick) == pytest.approx(1.0)
    assert equivalent_noise(0.7, yardstick) == pytest.approx(3.0)
    assert equivalent_noise(0.05, yardstick) == np.inf


def test_noise_is_as_bad_as_itself_and_sizes_may_differ_where_the_metric_allows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "photo.png"
    trees.save(path, trees.photograph(4, 128))
    study = study_shift([path], [PSNR(), deep(2)], ["translation", "cropping"])
    assert np.isnan(study.equivalent["PSNR"]["cropping", 8.0]).all()
    assert np.isfinite(study.scores["deep average"]["cropping", 8.0]).all()
    small = study.equivalent["PSNR"]["translation", 0.5][0]
    large = study.equivalent["PSNR"]["translation", 8.0][0]
    assert 0 < small < large
    assert len(shift_table(study).rows) == 9
    with pytest.raises(InputError, match="Unknown change"):
        study_shift([path], [PSNR()], ["melting"])


def test_cost_counts_the_operations_of_the_convolutions_and_the_gram_matrix() -> None:
    from msds.trunks.layers import multiply_accumulates

    contender = deep(2)
    cost = measure_cost(contender, 96, 128, repeats=1)
    trunk = contender.metric.trunk
    expected = multiply_accumulates(trunk.layers, 96, 128)  # type: ignore[attr-defined]
    grams = trunk.channels**2 * 6 * 8
    assert cost.gmacs[0] * 1e9 == pytest.approx(expected + grams, rel=1e-6)
    assert cost.parameters == sum(p.numel() for p in trunk.parameters())
    tables = cost_tables([cost, measure_cost(PSNR(), 96, 128, repeats=1)], 96, 128)
    assert [len(table.rows) for table in tables] == [2, 2]
    # An engine's own operations are not torch's, and are counted as those that it stands in for.
    contender.metric.set_engine("winograd")
    assert measure_cost(contender, 96, 128, repeats=1).gmacs == cost.gmacs


def test_times_are_medians_with_the_quickest_and_the_slowest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks = accumulate([0, 0.361, 0, 0.094, 0, 0.1] * 2)
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    cost = measure_cost(PSNR(), 8, 8, repeats=3)
    row = cost_tables([cost], 8, 8)[0].rows[0]
    assert str(row[3]) == str(row[4]) == "100.00 [94.00, 361.00]"


@pytest.mark.parametrize(("count", "words"), [(1, "1 thread)"), (2, "2 threads)")])
def test_the_table_of_costs_counts_threads(
    monkeypatch: pytest.MonkeyPatch, count: int, words: str
) -> None:
    monkeypatch.setattr("torch.get_num_threads", lambda: count)
    assert cost_tables([measure_cost(PSNR(), 8, 8, 1)], 8, 8)[0].title.endswith(words)


def test_memory_is_what_is_alive_at_once() -> None:
    import torch

    with _Alive() as alive:
        for _ in range(4):
            block = torch.zeros(250_000)
            block = block + 1
            del block
    assert alive.peak == 2_000_000
    assert alive.now == 0
