"""`msds sweep`: what it prints, writes and ends with, also when it is killed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.abuse.killed_runs import Moment
from helpers.scoring_files import RANDOM, Called, rows_of

Call = Callable[..., Called]
PROGRAM = Path(sys.modules[Moment.__module__].__file__ or "")
PICTURE = r"data:image/webp;base64,[\w+/=]+"
SWEEP = ("sweep", "refs", "--codec", "jpeg,webp", "--quality", "20,80", *RANDOM)


def test_a_sweep_prints_its_settings_and_writes_every_row(here: Path, msds: Call) -> None:
    done = msds(*SWEEP, "--out", "sweep.csv", "--keep", "kept", "--small", "fewer-levels")
    assert done.status == 0, done.err
    assert "| webp | 80 | 3 |" in done.out
    rows = rows_of(here / "sweep.csv")
    assert [row["distorted"] for row in rows[:4]] == [
        *("jpeg/a0_q20.jpg", "jpeg/a0_q80.jpg", "webp/a0_q20.webp", "webp/a0_q80.webp")
    ]
    for row in rows:
        assert (here / "kept" / row["distorted"]).stat().st_size == int(row["bytes"])
    assert {"score", "level_1", "psnr", "ssim", "encode_seconds", "settings"} <= set(rows[0])


def test_a_metric_of_ones_own_has_a_column(here: Path, msds: Call) -> None:
    (here / "own_metric.py").write_text("def mse(a, b):\n    return ((a - b) ** 2).mean()\n")
    own = ("--baseline", "", "--metric", "own_metric:mse,lower")
    done = msds(*SWEEP, *own, "--out", "sweep.csv")
    assert done.status == 0, done.err
    assert all(float(row["mse"]) < 0 for row in rows_of(here / "sweep.csv"))
    assert "psnr" not in rows_of(here / "sweep.csv")[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("sweep", "refs", "--codec", "gif"), "Unknown encoder 'gif'"),
        (("sweep", "gone", "--codec", "jpeg"), "gone: no such file or folder"),
        (("sweep", "refs", "--codec", "jpeg", "--quality", "x"), "no settings of an encoder"),
        (("sweep", "refs", "--codec", "jpeg", "--out", "x.txt"), "x.txt"),
        (("sweep", "refs", "--codec", "jpeg", "--resume"), "--resume goes on"),
        (("sweep", "refs", "--codec", "jpeg", "--csv-safe"), "--csv-safe is for tables in CSV"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    here: Path, msds: Call, arguments: tuple[str, ...], expected: str
) -> None:
    done = msds(*arguments)
    assert done.status == 2
    assert expected in done.err
    assert done.err.count("\n") == 1


@pytest.mark.skipif(not hasattr(sys, "settrace") or sys.platform == "win32", reason="needs fork")
def test_a_killed_sweep_loses_no_row(here: Path) -> None:
    whole = [*SWEEP, "--baseline", "psnr", "--threads", "1", "--out", "sweep.csv"]
    moments = [Moment("added", 3, 2), Moment("add", 3, 1), Moment("file", 2, 2), None]
    orders = [
        json.dumps(
            {
                "arguments": whole if number == 0 else [*whole, "--resume"],
                "moment": None if moment is None else asdict(moment),
            }
        )
        for number, moment in enumerate(moments)
    ]
    ran = subprocess.run(
        [sys.executable, PROGRAM],
        input="\n".join(orders),
        cwd=here,
        capture_output=True,
        text=True,
        check=True,
    )
    ends = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert [end["killed"] for end in ends] == [True, True, True, False]
    assert ends[-1]["status"] == 0
    # Three rows of the first run, two of the second, the rest of the third: none is added again.
    assert not [step for step in ends[-1]["steps"] if step[0] == "added"]
    rows = rows_of(here / "sweep.csv")
    assert len({row["distorted"] for row in rows}) == len(rows) == 12
    assert all(float(row["psnr"]) > 0 and float(row["score"]) <= 1 for row in rows)
    assert not (here / "sweep.csv.journal").exists()


def test_what_a_killed_sweep_left_half_written_is_removed(here: Path, msds: Call) -> None:
    left, other = here / ".sweep.csv.x1.part", here / ".another.csv.x1.part"
    left.touch()
    other.touch()
    assert msds(*SWEEP, "--threads", "1", "--out", "sweep.csv").status == 0
    assert not left.exists()
    assert other.exists()


def test_encoders_are_compared_with_an_anchor_in_tables_and_on_a_page(
    here: Path, msds: Call
) -> None:
    pytest.importorskip("bjontegaard")
    sweep = ("sweep", "refs", "--codec", "jpeg,webp", "--quality", "10:90:10", *RANDOM)
    asked = ("--anchor", "jpeg:50", "--tables", "t.tex", "--tables", "t.csv")
    done = msds(*sweep, *asked, "--report", "page.html", "--out", "sweep.csv")
    assert done.status == 0, done.err
    assert "Against jpeg, over the images" in done.out
    assert "As good as jpeg 50" in done.out
    assert "By PCHIP instead, no BD-rate differs by more than" in done.out
    assert r"\begin{tabular}" in (here / "t.tex").read_text(encoding="utf-8")
    page = (here / "page.html").read_text(encoding="utf-8")
    assert "Where they do worst against jpeg" in page
    assert "webp at 50: " in page, "a mark tells its setting to who points at it"
    assert "could not be drawn" not in page

    # The same numbers from the table alone.
    again = msds("compare", "sweep.csv", "--anchor", "jpeg:50")
    assert again.status == 0, again.err
    start = "**Against jpeg"
    shown = msds("compare", "sweep.csv", "--anchor", "jpeg:50", "--report", "again.html")
    assert shown.status == 0, shown.err
    assert re.findall(PICTURE, page) == re.findall(PICTURE, (here / "again.html").read_text())
    assert len(re.findall(PICTURE, page)) == 2 * 3
    assert again.out[again.out.index(start) :] == done.out[done.out.index(start) :]


def test_tables_of_two_encoders_are_compared_whatever_their_images_are_called(
    here: Path, msds: Call
) -> None:
    pytest.importorskip("bjontegaard")
    sweep = ("--quality", "10:90:10", *RANDOM, "--baseline", "psnr")
    for codec, folder in (("jpeg", "refs"), ("webp", "elsewhere")):
        assert msds("sweep", folder, "--codec", codec, *sweep, "-o", f"{codec}.csv").status == 0
        if folder == "refs":
            (here / "refs").rename(here / "elsewhere")
    done = msds("compare", "jpeg.csv", "webp.csv")
    assert done.status == 0, done.err
    assert "| webp | score | 3 |" in done.out
    assert msds("compare", "jpeg.csv", "jpeg.csv").status == 2


def test_results_of_other_models_and_without_sizes_are_not_compared(here: Path, msds: Call) -> None:
    pytest.importorskip("bjontegaard")
    assert msds("score", "refs/a0.png", "dist", *RANDOM, "-o", "scores.csv").status == 0
    done = msds("compare", "scores.csv")
    assert done.status == 2
    assert "scores.csv has no column 'bytes'" in done.err


def test_files_from_elsewhere_are_compared_by_their_scores_and_sizes(
    here: Path, msds: Call
) -> None:
    pytest.importorskip("bjontegaard")
    for codec in ("jpeg", "webp"):
        keep = ("--keep", "kept", "--quality", "10:90:10", "--out", f"{codec}-swept.csv")
        assert msds("sweep", "refs", "--codec", codec, *keep, *RANDOM).status == 0
        pattern = ("--pattern", f"{{stem}}_q{{quality}}.{'jpg' if codec == 'jpeg' else 'webp'}")
        scored = ("score", "refs", f"kept/{codec}", *pattern, *RANDOM, "--with-size")
        assert msds(*scored, "-o", f"{codec}.parquet").status == 0
    done = msds("compare", "jpeg.parquet", "webp.parquet")
    assert done.status == 0, done.err
    swept = msds("compare", "jpeg-swept.csv", "webp-swept.csv")
    line = next(one for one in done.out.splitlines() if one.startswith("| webp | score | 3"))
    assert line in swept.out.splitlines()

    # Pictures are of the very files that were scored, wherever they lie.
    (here / "kept").rename(here / "moved")
    compared = ("compare", "jpeg.parquet", "webp.parquet", "--report", "page.html")
    assert msds(*compared).status == 0
    page = (here / "page.html").read_text(encoding="utf-8")
    assert "Pairs of which no picture is at hand: 3." in page
    assert not re.findall(PICTURE, page)
    (here / "moved").rename(here / "elsewhere")
    (here / "elsewhere/kept").mkdir()
    for codec in ("jpeg", "webp"):
        (here / "elsewhere" / codec).rename(here / "elsewhere/kept" / codec)
    assert msds(*compared, "--images", "elsewhere").status == 0
    page = (here / "page.html").read_text(encoding="utf-8")
    assert len(re.findall(PICTURE, page)) == 2 * 3
    for file in (here / "elsewhere/kept").rglob("a*.webp"):
        file.write_bytes((here / "elsewhere/kept/webp/a1_q10.webp").read_bytes())
    assert msds(*compared, "--images", "elsewhere").status == 0
    page = (here / "page.html").read_text(encoding="utf-8")
    assert len(re.findall(PICTURE, page)) < 2 * 3


def test_a_single_pair_has_its_size_too(here: Path, msds: Call) -> None:
    done = msds("score", "refs/a0.png", "dist/a0_q10.jpg", *RANDOM, "--with-size", "--json")
    row = json.loads(done.out)
    size = (here / "dist/a0_q10.jpg").stat().st_size
    assert row["bytes"] == size
    assert row["bits_per_pixel"] == pytest.approx(8 * size / (40 * 36), abs=1e-6)


def test_every_image_is_tuned_to_the_cheapest_setting_that_reaches_a_score(
    here: Path, msds: Call
) -> None:
    sweep = ("sweep", "refs", "--codec", "jpeg", "--quality", "5:95:5", *RANDOM)
    assert msds(*sweep, "--out", "sweep.csv").status == 0
    rows = rows_of(here / "sweep.csv")
    worst = min(float(row["score"]) for row in rows if row["quality"] == "90")
    target = f"{worst:.6f}"
    asked = ("--codec", "jpeg", "--settings", "5:95:5", "--target", target)
    done = msds("tune", "refs", *asked, *RANDOM, "--to", "tuned", "-o", "tuned.csv")
    assert done.status == 0, done.err
    for row in rows_of(here / "tuned.csv"):
        own = [one for one in rows if one["reference"] == row["reference"]]
        cheapest = min(int(one["bytes"]) for one in own if float(one["score"]) >= float(target))
        assert int(row["bytes"]) == cheapest == (here / "tuned" / row["distorted"]).stat().st_size
        assert row["reached"] == "True"
    assert "the setting all of them need" in done.err


def test_what_cannot_be_reached_is_told(here: Path, msds: Call) -> None:
    done = msds("tune", "refs/a0.png", "--codec", "jpeg", "--max-bytes", "10", *RANDOM)
    assert done.status == 1
    assert "| no |" in done.out
    assert msds("tune", "refs", "--codec", "jpeg").status == 2
    assert msds("tune", "refs", "--codec", "jpeg,webp", "--target", "1").status == 2
    above = msds("tune", "refs", "--codec", "jpeg", "--target", "2")
    assert above.status == 2
    assert "no score is above 1" in above.err


def test_what_is_saved_is_told_of_the_images_that_reach_the_score(here: Path, msds: Call) -> None:
    asked = (
        "tune",
        "refs",
        "--codec",
        "jpeg",
        "--settings",
        "10:90:20",
        "--target",
        "0.9",
        *RANDOM,
    )
    assert msds(*asked, "-o", "all.csv").status == 0
    sizes = sorted(int(row["bytes"]) for row in rows_of(here / "all.csv"))
    assert sizes[-1] > sizes[-2]
    done = msds(*asked, "--max-bytes", str(sizes[-1] - 1))
    assert done.status == 1
    assert f"the 2 that reach 0.9 take {sum(sizes[:2])}, " in done.err


def test_an_image_is_never_replaced_by_its_own_encoding(here: Path, msds: Call) -> None:
    before = (here / "dist/a0_q10.jpg").read_bytes()
    asked = ("--codec", "jpeg", "--target", "0.5", *RANDOM)
    done = msds("tune", "dist/a0_q10.jpg", *asked, "--to", "dist")
    assert done.status == 2
    assert "dist/a0_q10.jpg: --to would replace this image" in done.err
    assert (here / "dist/a0_q10.jpg").read_bytes() == before


def test_files_that_are_kept_among_the_images_are_not_encoded_again(here: Path, msds: Call) -> None:
    for _ in range(2):
        assert msds(*SWEEP, "--keep", "refs/kept", "-o", "s.csv", "--resume").status == 0
    assert len(rows_of(here / "s.csv")) == 12
