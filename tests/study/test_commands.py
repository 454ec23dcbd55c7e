"""The verbs bench, fit, study and datasets, as they are typed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpers import trees
from msds.cli.main import app
from msds.cli.output import show_tables
from msds.cli.study_options import SetOptions
from msds.errors import InputError, MissingExtraError
from msds.report.table import Table
from msds.study.seen import MARK

pytest.importorskip("scipy")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trees.rated(tmp_path_factory.mktemp("set"), references=5, side=128)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of scipy can be imported."""
    for name in ["scipy", *(name for name in sys.modules if name.startswith("scipy."))]:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("without_scipy")
@pytest.mark.parametrize("verb", ["bench", "fit", "study paper", "study scales"])
def test_a_missing_scipy_is_told_before_anything_is_scored(
    table: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("msds.models.load_model", never)
    with pytest.raises(MissingExtraError, match=r"needs scipy.*pip install 'msds-iqa\[study\]'"):
        run(*verb.split(), str(table))


@pytest.mark.usefixtures("without_scipy")
def test_what_things_cost_is_measured_without_scipy() -> None:
    small = ("--size", "64x64", "--repeats", "1", "--model", "deepssim-compact")
    assert "ms per pair" in run("study", "cost", *small, "--baseline", "psnr")


@pytest.mark.slow
def test_bench_fit_and_bench_again_with_the_learned_model(table: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    out = [str(tmp_path / f"out.{suffix}") for suffix in ("md", "csv", "tex")]
    options = ["--cache", cache, "--resamples", "20"]
    text = run("bench", str(table), *options, *(f"--out={name}" for name in out))
    assert "msds-compact" in text
    assert "PSNR" in text
    assert MARK not in text
    for name in out:
        written = Path(name).read_text()
        assert all(word in written for word in ("SRCC", "msds-compact", "PSNR"))
    model, fitted = tmp_path / "learned.json", tmp_path / "fit.html"
    run(
        *("fit", str(table), *options, "--folds", "2", "--seeds", "1", "--name", "learned"),
        *("--model-out", str(model), "--report", str(fitted)),
    )
    assert json.loads(model.read_text())["format"] == "msds-model-1"
    assert "Learned weight of each level" in fitted.read_text()
    report = tmp_path / "bench.html"
    text = run("bench", str(table), "--model", str(model), *options, "--report", str(report))
    assert f"learned {MARK}" in text
    assert "No test of the level weights, learned here" in " ".join(text.split())
    page = report.read_text()
    for part in ("Scores against opinions", "Worst disagreements", "data:image/webp"):
        assert part in page


@pytest.mark.slow
def test_the_papers_comparison_is_one_command(table: Path, tmp_path: Path) -> None:
    page, rows = tmp_path / "paper.html", tmp_path / "paper.csv"
    text = run("study", "paper", str(table), "--model", "msds-compact", "--baseline", "psnr",
               "--resamples", "20", "--levels", "3", "--engine", "winograd", "--no-cache",
               "--report", str(page), "--out", str(rows))  # fmt: skip
    assert "MSDS, 3 levels, equal weights" in text
    assert "DeepSSIM, level 1" in rows.read_text()
    assert "PSNR" in page.read_text()
    result = CliRunner().invoke(app, ["study", "paper", "--root", str(tmp_path / "nothing")])
    assert "holds none of the sets of the paper" in str(result.exception)


@pytest.mark.slow
def test_the_studies_write_their_pages(table: Path, tmp_path: Path) -> None:
    cache = ["--cache", str(tmp_path / "cache")]
    quick = ["--folds", "2", "--seeds", "1", "--resamples", "20", "--levels", "2"]
    page = str(tmp_path / "page.html")
    text = run("study", "scales", str(table), *cache, *quick, "--filters", "average,stride",
               "--report", page)  # fmt: skip
    assert "each level alone" in text
    text = run("study", "layers", str(table), *cache, "--last", "2", "--levels", "2",
               "--report", page)  # fmt: skip
    assert "SRCC by layer" in text
    photo = str(table.parent / "ref" / "r0.png")
    text = run("study", "shift", photo, "--baseline", "psnr", "--model", "deepssim-compact",
               "--report", page)  # fmt: skip
    assert "cropping 16 %" in text
    text = run("study", "cost", "--size", "160x128", "--repeats", "1", "--baseline", "psnr",
               "--report", page)  # fmt: skip
    assert "GMAC" in text


def test_datasets_lists_all_sets_and_checks_a_folder(tmp_path: Path) -> None:
    assert "kadid10k" in run("datasets", "list")
    trees.kadid(tmp_path / "kadid")
    result = CliRunner().invoke(app, ["datasets", "check", str(tmp_path)])
    assert result.exit_code == 1
    assert "kadid10k: incomplete, 3 of 10125 pairs" in result.output
    assert "licence" in result.output


def test_weights_are_not_tried_on_the_set_that_they_are_learned_on() -> None:
    for arguments in (["a.csv", "--test", "a.csv"], ["tid2013", "live", "tid2013"]):
        result = CliRunner().invoke(app, ["fit", *arguments])
        assert isinstance(result.exception, InputError)
        assert f"{arguments[0]} is named twice" in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ["bench", "TABLE", "--report", "OUT"],
        ["bench", "TABLE", "--out", "OUT.csv"],
        ["fit", "TABLE", "--model-out", "OUT"],
        ["fit", "TABLE", "--report", "OUT"],
        ["study", "scales", "TABLE", "--report", "OUT"],
        ["study", "layers", "TABLE", "--report", "OUT"],
        ["study", "shift", "TABLE", "--report", "OUT"],
        ["study", "cost", "--report", "OUT"],
        ["export", "--folder", "OUT"],
        ["export", "--onnx", "OUT"],
    ],
    ids=lambda value: " ".join(value),
)
def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("msds.models.load_model", never)
    (tmp_path / "file").touch()
    names = {"TABLE": str(tmp_path / "gone.csv")}
    with pytest.raises(InputError, match="file/out.*: this cannot be written"):
        run(*(names.get(a, a.replace("OUT", str(tmp_path / "file/out"))) for a in arguments))


def test_tables_break_neither_names_nor_numbers_in_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"msds-vgg16-imagenet(levels={k})" for k in (4, 5)]
    cell = "0.912 [-0.880, 0.931]"
    kinds = [f"{kind} of a long name" for kind in ("one", "two", "three", "four")]
    tables = [
        Table("wide", ["metric", *kinds, "raw"], [[name, *[cell] * 4, 0.125] for name in names]),
        Table("two", ["first", "second", *kinds, "x"], [[*names, "< 0.001", *["0.333*"] * 4]]),
    ]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    show_tables(tables)
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert text.count("[-0.880,") == text.count("0.931]") == 8
    assert text.count("0.333*") == 4
    assert all(name in text.split() for name in names)


def test_wrong_outputs_are_refused_before_the_work(table: Path) -> None:
    with pytest.raises(InputError, match=r"tables are written as \.md"):
        run("bench", str(table), "--out", "x.docx")
    for name in (str(table), f"{table}:dmos", f"{table}:dmos:lower", f"{table}:lower"):
        with pytest.raises(InputError, match="is read and would be replaced"):
            run("bench", name, "--out", str(table))
    with pytest.raises(InputError, match="4 or 5 parameters"):
        run("bench", str(table), "--curve", "3")


def test_one_direction_for_two_tables_is_refused_and_each_may_have_its_own(
    tmp_path: Path,
) -> None:
    names = []
    for name in ("first", "second"):
        text = (trees.rated(tmp_path / name, references=2)).read_text()
        path = tmp_path / name / "own.csv"
        path.write_text(text.replace("mos", "score", 1))
        names.append(str(path))
    sets = SetOptions(higher_is_better=True)
    with pytest.raises(InputError, match="the direction of one table"):
        sets.open(names)
    with pytest.raises(InputError, match="there are here: none"):
        sets.open([f"{names[0]}:score:lower"])
    found = sets.open([names[0], f"{names[1]}:score:lower"])
    assert [data.higher_is_better for data in found] == [True, False]
    found = SetOptions().open([f"{names[0]}:lower", f"{names[1]}:score:higher"])
    assert [data.higher_is_better for data in found] == [False, True]
