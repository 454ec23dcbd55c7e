"""`msds score` for folders and tables: what it prints, writes and ends with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.scoring_files import RANDOM, Called, rows_of, write_image
from msds.models import load_model
from msds.scoring import score

Call = Callable[..., Called]

PATTERN = ("--pattern", "{stem}_q{quality}.jpg")


def test_two_folders_give_a_line_for_each_pair_in_order(here: Path, msds: Call) -> None:
    done = msds("score", "refs", "dist", *PATTERN, *RANDOM)
    assert done.status == 0, done.err
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert [line[1:] for line in lines] == [
        [f"refs/a{k}.png", f"dist/a{k}_q{quality}.jpg"] for k in range(3) for quality in (10, 80)
    ]
    metric = load_model(trunk_weights="random", levels=2)
    for text, reference, distorted in lines:
        expected = score(here / reference, here / distorted, model=metric).score
        assert float(text) == pytest.approx(expected, abs=1e-5)


def test_the_summary_counts_and_names_the_worst(here: Path, msds: Call) -> None:
    (here / "dist/a0_q99.jpg").write_bytes(b"broken")
    done = msds("score", "refs", "dist", *PATTERN, *RANDOM)
    assert done.status == 1
    assert "7 pairs: 6 scored, 1 failed; median 0." in done.err
    assert re.search(r"failed:\n  dist/a0_q99.jpg: .*\n", done.err)
    worst = done.err[done.err.index("worst (5):") :].splitlines()[1:6]
    values = [float(line.split()[0]) for line in worst]
    assert values == sorted(values)
    assert "dist/a" in worst[0]
    assert "refs/a" in worst[0]
    assert "failed\trefs/a0.png\tdist/a0_q99.jpg" in done.out


def test_a_manifest_carries_its_columns_through(here: Path, msds: Call) -> None:
    write_image(here / "x/r.png", 1)
    write_image(here / "x/d.webp", 2)
    (here / "x/pairs.csv").write_text(
        'reference,distorted,mos,note\nr.png,d.webp,3.5,"a, b"\nr.png,gone.webp,1,\n'
    )
    done = msds("score", "--manifest", "x/pairs.csv", *RANDOM, "--out", "scores.csv")
    assert done.status == 1
    assert done.out == ""
    first, second = rows_of(here / "scores.csv")
    assert (first["reference"], first["distorted"]) == ("r.png", "d.webp")
    assert (first["mos"], first["note"], first["error"]) == ("3.5", "a, b", "")
    assert float(first["score"]) < 1
    assert second["score"] == ""
    assert "no such file" in second["error"]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_results_are_in_the_order_of_the_plan_and_nothing_else_is_left(
    here: Path, msds: Call, suffix: str
) -> None:
    before = {path.name for path in here.iterdir()}
    done = msds("score", "refs", "dist", *PATTERN, *RANDOM, "-o", f"out{suffix}")
    assert done.status == 0, done.err
    assert {path.name for path in here.iterdir()} == before | {f"out{suffix}"}
    if suffix == ".parquet":
        rows = pytest.importorskip("pyarrow.parquet").read_table(here / "out.parquet").to_pylist()
    elif suffix == ".csv":
        rows = rows_of(here / "out.csv")
    else:
        rows = [json.loads(line) for line in (here / "out.jsonl").read_text().splitlines()]
    assert [(row["distorted"], row["quality"]) for row in rows] == [
        (f"dist/a{k}_q{quality}.jpg", str(quality)) for k in range(3) for quality in (10, 80)
    ]
    assert all(len(row["reference_sha256"]) == 64 for row in rows)


def test_json_prints_whole_records_and_quiet_prints_scores_only(here: Path, msds: Call) -> None:
    records = [
        json.loads(line)
        for line in msds("score", "refs", "dist", *PATTERN, *RANDOM, "--json").out.splitlines()
    ]
    assert len(records) == 6
    assert all(
        len(record["levels"]) == 2 and record["settings"]["levels"] == 2 for record in records
    )
    quiet = msds("score", "refs", "dist", *PATTERN, *RANDOM, "--quiet")
    assert quiet.err == ""
    by_name = {record["distorted"]: record["score"] for record in records}
    assert [float(line) for line in quiet.out.splitlines()] == pytest.approx(
        [by_name[name] for name in sorted(by_name)], abs=1e-5
    )


def test_files_that_are_not_paired_are_listed_and_decide_the_status(here: Path, msds: Call) -> None:
    write_image(here / "refs/alone.png")
    write_image(here / "dist/other.jpg")
    (here / "dist/readme.txt").touch()
    done = msds("score", "refs", "dist", *PATTERN, *RANDOM)
    assert done.status == 1
    assert "references without a distorted image:\n  refs/alone.png\n" in done.err
    assert "distorted images without a reference:\n  dist/other.jpg\n" in done.err
    assert "ignored, no images by their names:\n  dist/readme.txt\n" in done.err
    assert len(done.out.splitlines()) == 6
    allowed = msds("score", "refs", "dist", *PATTERN, *RANDOM, "--allow-unmatched")
    assert allowed.status == 0
    write_image(here / "refs/a0.tif")
    ambiguous = msds("score", "refs", "dist", *PATTERN, *RANDOM, "--allow-unmatched")
    assert ambiguous.status == 1
    assert "could belong to refs/a0.png or refs/a0.tif" in ambiguous.err


def test_a_dry_run_shows_the_plan_and_computes_nothing(here: Path, msds: Call) -> None:
    write_image(here / "refs/alone.png")
    done = msds("score", "refs", "dist", *PATTERN, "--dry-run", "--out", "o.csv")
    assert done.status == 1
    assert done.out.splitlines()[0] == "refs/a0.png\tdist/a0_q10.jpg\tquality=10"
    assert "pairs: 6, references: 3; nothing was scored" in done.err
    assert "refs/alone.png" in done.err
    assert not (here / "o.csv").exists()


def test_a_dry_run_of_a_manifest_names_files_that_are_missing(here: Path, msds: Call) -> None:
    (here / "m.csv").write_text("reference,distorted\nrefs/a0.png,gone.png\nrefs/a0.png,\n")
    done = msds("score", "--manifest", "m.csv", "--dry-run")
    assert done.status == 1
    assert "no such file: gone.png" in done.err
    assert "names no distorted image" in done.err


@pytest.mark.usefixtures("one_by_one")
def test_a_dry_run_as_json_is_a_manifest(here: Path, msds: Call) -> None:
    planned = msds("score", "refs", "dist", *PATTERN, "--dry-run", "--json")
    assert planned.status == 0
    (here / "pairs.jsonl").write_text(planned.out)
    by_manifest = msds("score", "--manifest", "pairs.jsonl", *RANDOM)
    assert by_manifest.out == msds("score", "refs", "dist", *PATTERN, *RANDOM).out


def test_a_dry_run_does_not_import_torch(here: Path) -> None:
    code = (
        "import sys; sys.argv[1:] = ['score', 'refs', 'dist', '--pattern', "
        "'{stem}_q{quality}.jpg', '--dry-run']\n"
        "from msds.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here
    )
    assert result.stdout.splitlines()[-1] == "False"


def test_names_with_spaces_and_other_alphabets_are_kept(here: Path, msds: Call) -> None:
    write_image(here / "r 1/Größe [é] 写真.png")
    write_image(here / "d 1/Größe [é] 写真.webp")
    done = msds("score", "r 1", "d 1", *RANDOM, "--out", "o.csv")
    assert done.status == 0, done.err
    assert rows_of(here / "o.csv")[0]["distorted"] == "d 1/Größe [é] 写真.webp"


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
def test_control_characters_in_names_are_escaped_wherever_they_are_printed(
    here: Path, msds: Call
) -> None:
    names = ["a\tb.png", "a\nb.png", "a\x1b[31mb.png"]
    for name in names:
        write_image(here / "odd" / name)
        write_image(here / "worse" / name, 1)
    (here / "worse" / "a\x1b]0;b.txt").touch()
    (here / "worse" / names[1]).write_bytes(b"broken")
    shown = [name.encode("unicode_escape").decode() for name in names]
    for more in (("--dry-run",), (*RANDOM, "--annotations", "github", "--fail-under", "1")):
        done = msds("score", "odd", "worse", *more)
        lines = [line for line in done.out.splitlines() if "::" not in line]
        assert len(lines) == 3
        assert all(name in done.out for name in shown)
        assert "\x1b" not in done.out + done.err
        assert {line.split("\t")[-1] for line in lines} == {f"worse/{name}" for name in shown}
    wrong = msds("score", here / "odd" / names[0], "gone\x1b.png", *RANDOM)
    assert wrong.err == "msds: error: gone\\x1b.png: no such file or folder.\n"


def test_the_cache_gives_the_same_scores_again(here: Path, msds: Call) -> None:
    many = ("score", "refs", "dist", *PATTERN, *RANDOM)
    first = msds(*many, "--cache", "kept")
    assert len(list((here / "kept").iterdir())) == 3
    for again in (msds(*many, "--cache", "kept"), msds(*many)):
        assert again.status == 0, again.err
        pairs = zip(first.out.splitlines(), again.out.splitlines(), strict=True)
        for one, other in (map(str.split, pair) for pair in pairs):
            assert one[1:] == other[1:]
            # Which images share a batch depends on who was read first; see docs/scoring.md.
            assert float(one[0]) == pytest.approx(float(other[0]), abs=1e-5)


def test_formulas_in_names_are_made_harmless_where_it_is_asked_for(here: Path, msds: Call) -> None:
    (here / "dist/a0_q10.jpg").rename(here / "=cmd_q10.jpg")
    (here / "m.csv").write_text("reference,distorted\nrefs/a0.png,=cmd_q10.jpg\n")
    done = msds("score", "--manifest", "m.csv", *RANDOM, "--out", "o.csv", "--csv-safe")
    assert done.status == 0, done.err
    assert rows_of(here / "o.csv")[0]["distorted"] == "'=cmd_q10.jpg"
    again = msds("score", "--manifest", "m.csv", *RANDOM, "--baseline", "o.csv")
    assert again.status == 0, again.err


def test_the_help_fits_eighty_columns_and_shows_examples(msds: Call) -> None:
    text = msds("score", "--help").out
    assert max(map(len, text.splitlines())) <= 80
    for word in ("Examples", "Exit status", "--manifest", "--resume", "--baseline"):
        assert word in text
