"""Standard streams that are full, closed, or whose reader has gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.scoring_files import RANDOM
from msds.results import read_results

posix = pytest.mark.skipif(sys.platform == "win32", reason="streams are those of POSIX")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["datasets", "list"]])
def test_a_full_standard_output_is_one_line_and_status_two(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "msds", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 2
    assert result.stderr == "msds: error: standard output: No space left on device.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are those of POSIX")
@pytest.mark.parametrize("arguments", [["--help"], ["datasets", "list"]])
def test_a_reader_that_has_gone_ends_the_command_quietly(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [sys.executable, "-m", "msds", *arguments],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


def shell(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with streams that a shell has closed."""
    line = f'"$0" -m msds "$@" {redirection}'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


ONE = ("score", "refs/a0.png", "dist/a0_q10.jpg", *RANDOM)
MANY = ("score", "refs/a0.png", "dist", *RANDOM)


@posix
def test_without_standard_error_the_results_are_the_same(here: Path) -> None:
    closed, usual = shell("2>&-", *MANY), shell("", *MANY)
    assert (closed.returncode, closed.stderr) == (0, "")
    names, expected = (
        [line.split("\t")[1:] for line in result.stdout.splitlines()] for result in (closed, usual)
    )
    assert names == expected
    assert len(names) == 6


@posix
@pytest.mark.parametrize("arguments", [ONE, ("--help",)])
def test_without_standard_output_what_would_be_printed_is_an_error(
    here: Path, arguments: tuple[str, ...]
) -> None:
    closed = shell(">&-", *arguments)
    assert closed.returncode == 2
    assert closed.stdout == ""
    last = closed.stderr.splitlines()[-1]
    assert last == "msds: error: standard output: Bad file descriptor."
    assert "Traceback" not in closed.stderr


@posix
def test_without_any_stream_results_in_a_file_are_whole(here: Path) -> None:
    closed = shell("<&- >&- 2>&-", *MANY, "--out", "closed.csv")
    assert closed.returncode == 0
    assert [row.error for row in read_results(here / "closed.csv")] == [None] * 6


@posix
def test_an_error_without_standard_error_is_still_its_status(here: Path) -> None:
    assert shell("2>&-", "score", "refs/a0.png", "gone.png").returncode == 2
