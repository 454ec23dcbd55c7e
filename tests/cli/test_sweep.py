"""`msds sweep`: what it prints, writes and ends with, also when it is killed."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.abuse.killed_runs import Moment
from helpers.scoring_files import RANDOM, Called

Call = Callable[..., Called]
PROGRAM = Path(sys.modules[Moment.__module__].__file__ or "")
SWEEP = ("sweep", "refs", "--codec", "jpeg,webp", "--quality", "20,80", *RANDOM)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
    moments = [Moment("added", 3, 2), Moment("add", 3, 1), Moment("write", 1, 8), None]
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
