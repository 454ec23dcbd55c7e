"""`msds score` as a gate: thresholds, baselines, and what a pipeline is given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from helpers.scoring_files import RANDOM, Called, write_image

Call = Callable[..., Called]

PATTERN = ("--pattern", "{stem}_q{quality}.jpg")


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
