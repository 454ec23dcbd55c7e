"""`msds score` with two models at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.scoring_files import Called
from msds.results import read_results

Call = Callable[..., Called]

PATTERN = ("--pattern", "{stem}_q{quality}.jpg")

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
