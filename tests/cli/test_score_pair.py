"""`msds score` of one pair, and of one reference with several images."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.scoring_files import RANDOM, Called, rows_of

Call = Callable[..., Called]


def test_several_distorted_images_are_scored_in_one_call(here: Path, msds: Call) -> None:
    names = ["dist/a0_q80.jpg", "dist/a0_q10.jpg", "dist/a1_q10.jpg"]
    done = msds("score", "refs/a0.png", *names, *RANDOM)
    assert done.status == 0, done.err
    assert [line.split("\t")[1:] for line in done.out.splitlines()] == [
        ["refs/a0.png", name] for name in names
    ]
    assert msds("score", "refs/a0.png", *names[:2], *RANDOM, "-o", "o.csv").status == 0
    assert [row["distorted"] for row in rows_of(here / "o.csv")] == names[:2]


def test_one_reference_is_scored_against_a_folder(here: Path, msds: Call) -> None:
    done = msds("score", "refs/a0.png", "dist", *RANDOM)
    assert done.status == 0, done.err
    assert len(done.out.splitlines()) == 6
    assert {line.split("\t")[1] for line in done.out.splitlines()} == {"refs/a0.png"}


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
