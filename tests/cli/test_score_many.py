"""`msds score` for folders and tables: what it prints, writes and ends with."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import PIL.Image
import pytest

from helpers.scoring_files import RANDOM, Called, write_image
from msds.models import load_model
from msds.results import read_results
from msds.scoring import score

Call = Callable[..., Called]
PATTERN = ("--pattern", "{stem}_q{quality}.jpg")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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


def test_pairs_of_different_size_are_scored_and_noticed(here: Path, msds: Call) -> None:
    write_image(here / "dist/a0_q80.jpg", 0, (60, 50))
    done = msds("score", "refs", "dist", *PATTERN, *RANDOM)
    assert done.status == 0
    assert "; 1 with images of different size, nothing was resized; " in done.err
    one = ("score", "refs/a0.png", "dist/a0_q80.jpg", *RANDOM)
    line = "msds: sizes differ: 40 x 36 against 60 x 50; nothing was resized\n"
    assert msds(*one).err == msds(*one, "--json").err == msds(*one, "--quiet").err == line
    explained = msds(*one, "--explain").out
    for size in ("40 x 36", "60 x 50", "20 x 18", "30 x 25"):
        assert size in explained


def test_what_made_sizes_differ_is_said_as_far_as_it_is_known(here: Path, msds: Call) -> None:
    upright = PIL.Image.open(write_image(here / "upright.png", 3, (40, 60)))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # "the image is to be turned by a quarter": EXIF 2.3, orientation
    upright.save(here / "turned.png", exif=exif)
    write_image(here / "lying.png", 3, (60, 40))
    write_image(here / "cropped.png", 3, (40, 58))
    for name, cause in (
        ("turned.png", "60 x 40 (EXIF orientation 6 of the distorted image turned it)"),
        ("lying.png", "60 x 40 (one of them is turned)"),
        ("cropped.png", "40 x 58 (cropped or padded)"),
    ):
        done = msds("score", "upright.png", name, *RANDOM, "--quiet")
        assert done.err == f"msds: sizes differ: 40 x 60 against {cause}; nothing was resized\n"


def test_several_distorted_images_are_scored_in_one_call(here: Path, msds: Call) -> None:
    names = ["dist/a0_q80.jpg", "dist/a0_q10.jpg", "dist/a1_q10.jpg"]
    done = msds("score", "refs/a0.png", *names, *RANDOM)
    assert done.status == 0, done.err
    assert [line.split("\t")[1:] for line in done.out.splitlines()] == [
        ["refs/a0.png", name] for name in names
    ]
    assert msds("score", "refs/a0.png", *names[:2], *RANDOM, "-o", "o.csv").status == 0
    assert [row["distorted"] for row in rows_of(here / "o.csv")] == names[:2]


TWO = ("-m", "msds-compact", "-m", "deepssim-compact", "--trunk-weights", "random")


def test_two_models_score_one_pair_in_a_line_each(here: Path, msds: Call) -> None:
    pair = ("score", "refs/a0.png", "dist/a0_q10.jpg", "--small", "fewer-levels")
    done = msds(*pair, *TWO)
    assert done.status == 0, done.err
    assert [line.split("  ")[1] for line in done.out.splitlines()] == [
        "msds-compact-random",
        "deepssim-compact-random",
    ]
    alone = [msds(*pair, *TWO[k : k + 2], *TWO[4:]).out for k in (0, 2)]
    assert done.out == "".join(alone)
    below = msds(*pair, *TWO, "--fail-under", "1")
    assert below.status == 3
    assert "is below 1 (msds-compact-random)" in below.err
    assert msds(*pair, *TWO[:2], *TWO[:2], *TWO[4:]).out == alone[0]


@pytest.mark.usefixtures("one_by_one")
def test_two_models_have_a_column_each_and_a_row_each_in_results(here: Path, msds: Call) -> None:
    many = ("score", "refs", "dist", *PATTERN, "--small", "fewer-levels")
    done = msds(*many, *TWO)
    assert done.status == 0, done.err
    columns = [line.split("\t") for line in done.out.splitlines()]
    assert {len(line) for line in columns} == {4}
    for k in (0, 1):
        alone = msds(*many, *TWO[2 * k : 2 * k + 2], *TWO[4:])
        assert [line[k] for line in columns] == [x.split("\t")[0] for x in alone.out.splitlines()]
    quiet = msds(*many, *TWO, "--quiet")
    assert [line.split("\t") for line in quiet.out.splitlines()] == [x[:2] for x in columns]

    assert msds(*many, *TWO, "--out", "o.csv").status == 0
    rows = read_results(here / "o.csv")
    models = ["msds-compact-random", "deepssim-compact-random"]
    assert [(row.distorted, row.model) for row in rows] == [
        (line[3], name) for line in columns for name in models
    ]
    assert [f"{row.score:.6f}" for row in rows] == [x for line in columns for x in line[:2]]
    assert {path.name for path in here.iterdir()} == {"refs", "dist", "o.csv"}
    before = (here / "o.csv").read_bytes()
    (here / "b.csv").write_bytes(before)
    again = msds(*many, *TWO, "--out", "o.csv", "--resume", "--baseline", "b.csv")
    assert (again.status, again.err.count("6 of them before")) == (0, 2)
    assert (here / "o.csv").read_bytes() == before
    paged = msds(*many, *TWO, "--report", "r.html")
    assert (paged.status, "--report makes the page of one model" in paged.err) == (2, True)
    other = msds(*many, *TWO[2:], "--out", "o.csv", "--resume")
    assert other.status == 2
    assert "was made with another model" in other.err


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_where_sizes_must_be_the_same_a_pair_of_others_is_an_error_of_its_own(
    here: Path, msds: Call, suffix: str
) -> None:
    write_image(here / "dist/a0_q80.jpg", 0, (60, 50))
    many = ("score", "refs", "dist", *PATTERN, *RANDOM)
    text = "dist/a0_q80.jpg (refs/a0.png): sizes differ: 40 x 36 against 60 x 50."
    strict = msds(*many, "--same-size", "--out", f"strict{suffix}")
    assert strict.status == 1
    assert "6 pairs: 5 scored, 1 failed" in strict.err
    assert text in strict.err
    assert [row.score is None for row in read_results(here / f"strict{suffix}")].count(True) == 1
    assert msds(*many, "--out", f"o{suffix}").status == 0
    resumed = msds(*many, "--out", f"o{suffix}", "--resume")
    assert (resumed.status, "1 with images of different size" in resumed.err) == (0, True)
    again = msds(*many, "--out", f"o{suffix}", "--resume", "--same-size")
    assert (again.status, text in again.err) == (1, True)
    alone = msds("score", "refs/a0.png", "dist/a0_q80.jpg", *RANDOM, "--same-size")
    assert alone.status == 2
    assert "dist/a0_q80.jpg: sizes differ: 40 x 36 against 60 x 50." in alone.err


def test_one_reference_is_scored_against_a_folder(here: Path, msds: Call) -> None:
    done = msds("score", "refs/a0.png", "dist", *RANDOM)
    assert done.status == 0, done.err
    assert len(done.out.splitlines()) == 6
    assert {line.split("\t")[1] for line in done.out.splitlines()} == {"refs/a0.png"}


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


def test_a_score_below_the_threshold_is_status_three_and_named(here: Path, msds: Call) -> None:
    done = msds("score", "refs", "dist", *PATTERN, *RANDOM, "--fail-under", "1.0")
    assert done.status == 3
    assert "below threshold (6):" in done.err
    assert msds("score", "refs", "dist", *PATTERN, *RANDOM, "--fail-under", "-1").status == 0
    (here / "dist/a0_q99.jpg").touch()
    assert msds("score", "refs", "dist", *PATTERN, *RANDOM, "--fail-under", "1.0").status == 3
    assert msds("score", "refs", "dist", *PATTERN, *RANDOM, "--fail-under", "-1").status == 1


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_baseline_passes_itself_and_catches_what_got_worse(
    here: Path, msds: Call, suffix: str
) -> None:
    many = ("score", "refs", "dist", *PATTERN, *RANDOM)
    assert msds(*many, "--out", f"old{suffix}").status == 0
    gate = (*many, "--baseline", f"old{suffix}")
    same = msds(*gate)
    assert same.status == 0
    unchanged = "0 worse, 0 better, 6 same, 0 failed, 0 new, 0 missing"
    assert f"since old{suffix}: {unchanged}" in same.err
    write_image(here / "dist/a1_q80.jpg", 1, (44, 36), quality=1)
    (here / "dist/a2_q80.jpg").rename(here / "dist/a2_q70.jpg")
    worse = msds(*gate, "--tolerance", "0.01", "--annotations", "github")
    assert worse.status == 3
    assert re.search(r"worse:\n  dist/a1_q80.jpg \(refs/a1.png\): 0\.\d+ is worse than", worse.err)
    assert f"since old{suffix}: 1 worse, 0 better, 4 same, 0 failed, 1 new, 1 missing" in worse.err
    assert "missing:\n  dist/a2_q80.jpg" in worse.err
    assert "new:\n  dist/a2_q70.jpg" in worse.err
    assert "::error file=dist/a1_q80.jpg,title=msds%3A worse::0." in worse.out
    assert "::notice file=dist/a2_q70.jpg,title=msds%3A new::" in worse.out
    other = msds(*many, "--baseline", f"old{suffix}", "--levels", "1")
    assert other.status == 2
    assert "was made with another model" in other.err


def test_a_pair_that_fails_now_is_annotated_once(here: Path, msds: Call) -> None:
    many = ("score", "refs", "dist", *PATTERN, *RANDOM)
    assert msds(*many, "--out", "old.csv").status == 0
    (here / "dist/a0_q10.jpg").write_bytes(b"broken")
    done = msds(*many, "--baseline", "old.csv", "--annotations", "github")
    assert done.status == 3
    assert done.out.count("::error file=dist/a0_q10.jpg") == 1


def test_annotations_leave_records_on_standard_output_alone(here: Path, msds: Call) -> None:
    (here / "dist/a0_q99.jpg").write_bytes(b"broken")
    done = msds("score", "refs", "dist", *PATTERN, *RANDOM, "--json", "--annotations", "github")
    assert done.status == 1
    for line in done.out.splitlines():
        json.loads(line)
    assert "::error file=dist/a0_q99.jpg,title=msds%3A failed::" in done.err


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


def test_one_pair_can_have_a_record_in_a_file(here: Path, msds: Call) -> None:
    done = msds("score", "refs/a0.png", "dist/a0_q10.jpg", *RANDOM, "--out", "o.jsonl")
    assert done.status == 0, done.err
    (record,) = [json.loads(line) for line in (here / "o.jsonl").read_text().splitlines()]
    alone = json.loads(msds("score", "refs/a0.png", "dist/a0_q10.jpg", *RANDOM, "--json").out)
    assert record["score"] == pytest.approx(alone["score"], abs=1e-5)
    for key in ("levels", "model", "fingerprint", "reference", "distorted", "notes"):
        assert (
            record[key] == pytest.approx(alone[key], abs=1e-5)
            if key == "levels"
            else (record[key] == alone[key])
        )


WRONG: list[tuple[list[str], str]] = [
    ([], "Give a reference and a distorted image or folder, or --manifest FILE"),
    (["refs"], "Give a reference and a distorted image or folder, or --manifest FILE"),
    (["refs", "dist", "--manifest", "m.csv"], "--manifest names the pairs"),
    (["--manifest", "m.csv", "--pattern", "{stem}.png"], "--manifest names the pairs"),
    (["--manifest", "gone.csv"], "gone.csv: no such file"),
    (["refs", "gone"], "gone: no such file"),
    (["refs", "dist/a0_q10.jpg"], "refs is a folder and dist/a0_q10.jpg is a file"),
    (["refs", "dist"], "No image in dist belongs to a reference of refs"),
    (["refs", "dist"], "The names look like --pattern '{stem}_q{version}.jpg'"),
    (["refs", "dist", "--pattern", "{stem}_{x}.gif"], "expected names like {stem}_{x}.gif"),
    (["refs", "dist", "--pattern", "{stem"], "a brace without its partner"),
    (["refs", "dist", "--pattern", "{quality}.jpg"], "expected the field {stem} in it"),
    (["refs", "dist", "--pattern", "{stem}_{score}.jpg"], "Results have a column 'score'"),
    (["refs", "refs"], "was given as both folders"),
    (["refs", "dist", "--resume"], "--resume goes on with the results of --out FILE"),
    (["refs", "dist", "--tolerance", "0.1"], "--tolerance says how much worse"),
    (["refs", "dist", "--annotations", "gitlab"], "Unknown annotations 'gitlab'"),
    (["refs", "dist", "--json", "--quiet"], "Choose one of --json, --explain and --quiet"),
    (["refs", "dist", "--json", "--out", "o.csv"], "Choose one of --json"),
    (["refs", "dist", "--explain"], "--explain shows one pair of images and nothing else"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--explain", "--cache", "c"], "found --cache"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--memory", "much"], "not a size in bytes"),
    (["refs", "dist", "--pattern", "{stem}_{reference}.{f}", "--dry-run"], "column 'reference'"),
    (["refs", "dist", *PATTERN, "--fail-under", "nan"], "--fail-under is a score"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--fail-under", "1.01"], "--fail-under is a score"),
    (["refs", "dist", *PATTERN, "--baseline", "b", "--tolerance", "nan"], "--tolerance is a diff"),
    (["refs", "dist", *PATTERN, "--baseline", "b", "--tolerance", "inf"], "--tolerance is a diff"),
    (["refs", "dist", *PATTERN, "--baseline", "b", "--tolerance", "-1"], "--tolerance is a diff"),
    (["refs/a0.png", "image.csv", "--out", "image.csv"], "--out would replace a file"),
    (["--manifest", "names.csv", "--out", "image.csv"], "--out would replace a file"),
    (["refs", "dist", *PATTERN, "--csv-safe"], "--csv-safe is for results in CSV"),
    (["refs", "dist", *PATTERN, "--csv-safe", "--out", "o.jsonl"], "--csv-safe is for results in"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--max-pixels", "1000"], "at most 1000 are read"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--frame", "1"], "frame 1 was asked for"),
    (["refs", "dist", *PATTERN, "--device", "gpu"], "did you mean cuda?"),
    (["dist", "refs", *PATTERN], "Were the two folders given in the wrong order?"),
    (["dist", "refs/a0.png"], "the reference comes first"),
    (["refs/a0.png", "dist", "refs/a1.png"], "dist is a folder; expected one reference and sever"),
    (["refs/a0.png", "dist/a0_q10.jpg", "gone.png"], "gone.png: no such file"),
    (["refs", "dist", *PATTERN, "--out", "no/such/o.csv"], "there is no folder no/such"),
    (["refs", "dist", *PATTERN, "--junit", "no/j.xml"], "there is no folder no"),
    (["refs", "dist", *PATTERN, "--report-url", "x"], "--report-url is where --summary FILE links"),
    (["refs", "dist", *PATTERN, "--summary", "refs/a0.png"], "--summary would replace a file that"),
    (["refs", "dist", *PATTERN, "-m", "nofile.json"], "There is no model file nofile.json"),
    (["refs", "dist", *PATTERN, "-m", "msds-compct"], "did you mean msds-compact?"),
    (["refs", "dist", *PATTERN, "-m", "m.onnx"], "m.onnx is a model exported for other programs"),
    (["refs", "dist", *PATTERN, "--out", "o.txt"], "the name of results ends in .jsonl"),
    (["refs", "dist", *PATTERN, "--out", "refs"], "the name of results ends in .jsonl"),
    (["refs", "dist", *PATTERN, "--out", "file/o.csv"], "there is no folder file"),
    (["--manifest", "m.csv", "--out", "m.csv"], "--out would replace a file that is read"),
    (["refs", "dist", "--baseline", "b.csv", "--out", "b.csv"], "--out would replace a file"),
    (["refs", "dist", *PATTERN, "--baseline", "gone.csv"], "expected earlier results"),
    (["refs", "dist", *PATTERN, "--baseline", "file"], "the name of results ends in"),
    (["refs", "dist", *PATTERN, "--memory", "much"], "'much' is not a size in bytes"),
    (["refs", "dist", *PATTERN, "--memory", "1K"], "too little memory to work in"),
    (["refs", "dist", *PATTERN, "--device", "abacus"], "Device 'abacus' cannot be used"),
    (["refs", "dist", *PATTERN, "--background", "pink"], "pink"),
    (["refs", "dist", *PATTERN, "--transfer", "gamma"], "gamma"),
    (["refs", "dist", *PATTERN, "--small", "no"], "Unknown small 'no'"),
    (["refs", "dist", *PATTERN, "--cache", "file"], "encodings cannot be kept there"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=lambda value: " ".join(value)[:40])
def test_a_wrong_call_is_status_two_and_one_line(
    here: Path, msds: Call, arguments: list[str], message: str
) -> None:
    (here / "file").touch()
    (here / "m.csv").write_text("reference,distorted\nrefs/a0.png,dist/a0_q10.jpg\n")
    (here / "b.csv").touch()
    (here / "m.onnx").write_bytes(b"\x08\x08\x12")
    (here / "names.csv").write_text("reference,distorted\nrefs/a0.png,./refs/../image.csv\n")
    (here / "image.csv").write_bytes((here / "refs/a0.png").read_bytes())
    done = msds("score", *arguments, *RANDOM)
    assert done.status == 2, done
    assert done.out == ""
    last = done.err.splitlines()[-1]
    assert last.startswith("msds: error: ")
    assert message in last


def test_formulas_in_names_are_made_harmless_where_it_is_asked_for(here: Path, msds: Call) -> None:
    (here / "dist/a0_q10.jpg").rename(here / "=cmd_q10.jpg")
    (here / "m.csv").write_text("reference,distorted\nrefs/a0.png,=cmd_q10.jpg\n")
    done = msds("score", "--manifest", "m.csv", *RANDOM, "--out", "o.csv", "--csv-safe")
    assert done.status == 0, done.err
    assert rows_of(here / "o.csv")[0]["distorted"] == "'=cmd_q10.jpg"
    again = msds("score", "--manifest", "m.csv", *RANDOM, "--baseline", "o.csv")
    assert again.status == 0, again.err


def test_a_pipeline_gets_junit_and_a_summary_that_links_to_the_page(here: Path, msds: Call) -> None:
    many = ("score", "refs", "dist", *PATTERN, *RANDOM, "--fail-under", "1")
    files = ("--junit", "j.xml", "--summary", "s.md")
    done = msds(*many, *files, "--report", "r.html", "--report-url", "https://ci.example/r")
    assert done.status == 3, done.err
    (suite,) = ElementTree.parse(here / "j.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("6", "6")
    text = (here / "s.md").read_text()
    assert "[The page of this run](<https://ci.example/r>)" in text
    assert "dist/a0\\_q10.jpg" not in text
    assert "| dist/a0_q10.jpg |" in text
    one = msds("score", "refs/a0.png", "dist/a0_q10.jpg", *RANDOM, *files)
    assert one.status == 0, one.err
    (suite,) = ElementTree.parse(here / "j.xml").getroot()
    assert suite.get("tests") == "1"
    assert "The page" not in (here / "s.md").read_text()


def test_the_help_fits_eighty_columns_and_shows_examples(msds: Call) -> None:
    text = msds("score", "--help").out
    assert max(map(len, text.splitlines())) <= 80
    for word in ("Examples", "Exit status", "--manifest", "--resume", "--baseline"):
        assert word in text


def test_the_call_for_one_pair_is_as_it_was(here: Path, msds: Call) -> None:
    one = ("score", "refs/a0.png", "dist/a0_q10.jpg", *RANDOM)
    plain = msds(*one)
    assert re.fullmatch(r"0\.\d{6}  msds-compact-random\(levels=2\)\n", plain.out)
    assert plain.err == ""
    quiet = msds(*one, "--quiet")
    assert quiet.out.strip() == plain.out.split()[0]
    record = json.loads(msds(*one, "--json").out)
    assert f"{record['score']:.6f}" == quiet.out.strip()
    assert record["reference_size"] == [40, 36]
    explained = msds(*one, "--explain").out
    assert "fingerprint" in explained
    below = msds(*one, "--fail-under", "1")
    assert below.status == 3
    assert below.err.endswith(" is below 1\n")
    broken = msds("score", "refs/a0.png", "gone.png", *RANDOM)
    assert (broken.status, broken.out) == (2, "")
