"""What an earlier version wrote is still read, resumed and compared with: see earlier/README.md."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.scoring_files import Called, call
from msds.pairs import Pattern, plan_paths
from msds.results import Journal, Run, Score, read_results

HERE = Path(__file__).parent / "earlier"
SAVED = HERE.parents[1] / "metric" / "earlier" / "saved"
SCORES = {"a0_q32": 0.9796016812324524, "a0_q4": 0.656064510345459, "a1_q64": None}
Call = Callable[..., Called]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files, as the working folder."""
    folder = tmp_path / "work"
    shutil.copytree(HERE, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def score(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    run = ("score", "refs", "dist", "--pattern", "{stem}_q{quality}.png", "-m", str(SAVED))
    return lambda *arguments: call(monkeypatch, capsys, *run, *arguments)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_results_of_every_format_are_read_as_the_records_they_were(suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    rows = read_results(HERE / f"scores.{suffix}")
    plain = [json.loads(line) for line in (HERE / "scores.jsonl").read_text().splitlines()]
    assert len(rows) == len(plain) == 5
    for row, old in zip(rows, plain, strict=True):
        new = row.to_dict()
        seconds = new.pop("seconds"), old.pop("seconds")  # every run took its own time
        assert all(value > 0 for value in seconds)
        assert new.pop("weights") == ([0.3, 0.7] if old["score"] is not None else [])
        assert new == old


def test_a_record_has_all_that_one_pair_printed() -> None:
    (row,) = (row for row in read_results(HERE / "scores.csv") if "a0_q4" in row.distorted)
    alone = json.loads((HERE / "one.json").read_text())
    del alone["seconds"]
    assert alone.items() <= row.to_dict().items()


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_baseline_passes_and_catches_what_got_worse(here: Path, score: Call, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    same = score("--baseline", f"scores.{suffix}")
    assert same.status == 1, same.err  # one image is broken, and was
    shutil.copy(here / "dist/a0_q4.png", here / "dist/a0_q32.png")
    worse = score("--baseline", f"scores.{suffix}")
    assert worse.status == 3
    assert "dist/a0_q32.png (refs/a0.png): 0.656065 is worse than 0.979602" in worse.err


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_complete_results_are_gone_on_with(here: Path, score: Call, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    done = score("--out", f"scores.{suffix}", "--resume")
    assert done.status == 1, done.err
    # That version kept no digest of files that it could not decode: these are looked at again.
    assert "4 of them before" in done.err
    assert "5 pairs: 4 scored, 1 failed" in done.err


def test_a_journal_is_gone_on_with(here: Path, score: Call) -> None:
    plain = here / "scores.csv"
    expected = {row.distorted: row.score for row in read_results(plain)}
    with plain.open(newline="") as file:
        header = next(csv.reader(file))
    done = score("--out", "begun.csv", "--resume")
    assert done.status == 1, done.err
    assert "2 of them before" in done.err
    assert not (here / "begun.csv.journal").exists()
    found = {row.distorted: row.score for row in read_results(here / "begun.csv")}
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-5)
    with (here / "begun.csv").open(newline="") as file:
        assert next(csv.reader(file)) == header


def test_a_damaged_line_of_a_journal_without_checksums_is_scored_again(
    here: Path, score: Call
) -> None:
    path = here / "begun.csv.journal"
    path.write_bytes(path.read_bytes().replace(b'"row": 0, "score"', b'"row": 0, "scoRe"'))
    done = score("--out", "begun.csv", "--resume")
    assert "1 of them before" in done.err
    assert "5 pairs: 4 scored, 1 failed" in done.err


def test_a_journal_of_other_pairs_is_refused(here: Path, score: Call) -> None:
    shutil.copy(here / "dist/a0_q4.png", here / "dist/a0_q5.png")
    done = score("--out", "begun.csv", "--resume")
    assert done.status == 2
    assert "journal of an earlier version cannot go on with them" in done.err


def test_the_records_of_a_journal_are_those_of_its_rows(here: Path) -> None:
    header = json.loads((here / "begun.csv.journal").read_text().splitlines()[0])
    run = Run(header["model"], header["fingerprint"], header["settings"])
    plan = plan_paths(Path("refs"), Path("dist"), Pattern("{stem}_q{quality}.png"))
    with Journal(here / "begun.csv.journal", plan, run) as journal:
        found = {Path(score.distorted).stem: score.score for _, score in journal.scores()}
        assert found == SCORES
        journal.add(3, Score.of(plan.pairs[3], run))
    with Journal(here / "begun.csv.journal", plan, run) as journal:
        assert journal.rows == {0, 1, 3, 4}
