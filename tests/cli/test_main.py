"""The command as a whole: start-up, help, version and the form of errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import msds
from helpers.processes import run_command
from helpers.scoring_files import RANDOM, call, write_folders

HEAVY = ("torch", "numpy", "PIL", "scipy", "matplotlib", "pyarrow")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, environment={"COLUMNS": "80", **environment})


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["score", "--help"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from msds.cli.main import app\n"
        f"try: app(args={arguments!r}, standalone_mode=False)\n"
        "except SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stderr.strip() == "[]"


def test_importing_the_package_does_not_import_torch() -> None:
    code = "import sys, msds; dir(msds); print('torch' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_every_public_name_can_be_had() -> None:
    for name in msds.__all__:
        assert getattr(msds, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = msds.nothing


def test_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"msds {msds.__version__}\n"


def test_help_fits_eighty_columns_and_shows_the_verbs() -> None:
    text = run("--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    for verb in ("score", "weights"):
        assert re.search(rf"\b{verb}\b", text)


@pytest.mark.parametrize(
    "verb",
    [
        "score",
        "bench",
        "fit",
        "export",
        "study scales",
        "study shift",
        "study cost",
        "study layers",
    ],
)
def test_the_help_of_every_verb_is_whole_in_eighty_columns(verb: str) -> None:
    text = run(*verb.split(), "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_a_user_error_is_one_line_without_a_traceback_and_status_two(tmp_path: Path) -> None:
    result = run("score", str(tmp_path / "a.png"), str(tmp_path / "b.png"))
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("msds: error: ")
    assert "a.png" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_error_nobody_has_foreseen_is_one_line_and_a_status_of_its_own(tmp_path: Path) -> None:
    write_folders(tmp_path, 1)
    code = (
        "import sys; from msds.scoring import run\n"
        "def broken(*_, **__): raise ZeroDivisionError('division\\nby zero')\n"
        "run.run_of = broken\n"
        "from msds.cli.main import main; sys.argv = ['msds', *sys.argv[1:]]; main()"
    )
    images = (tmp_path / "refs/a0.png", tmp_path / "dist/a0_q10.jpg")
    call = [sys.executable, "-c", code, "score", *map(str, images), *RANDOM]
    result = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (70, "")
    assert result.stderr == (
        "msds: error: this should not have happened (ZeroDivisionError: division\\nby zero); the "
        "same call with --debug shows where.\n"
    )
    result = subprocess.run([*call, "--debug"], capture_output=True, text=True, check=False)
    assert result.returncode == 70
    assert "Traceback" in result.stderr
    assert "in broken" in result.stderr


def test_debug_shows_the_traceback_wherever_it_stands(tmp_path: Path) -> None:
    for arguments in (["--debug", "score"], ["score", "--debug"]):
        result = run(*arguments, str(tmp_path / "a.png"), str(tmp_path / "b.png"))
        assert "Traceback" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_an_interrupt_that_a_library_would_swallow_ends_the_command(tmp_path: Path) -> None:
    (tmp_path / "kicks.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    (tmp_path / "swallows.py").write_text(
        "try:\n    import kicks\nexcept BaseException:\n    print('went on')\n"
    )
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from msds.cli import main as m; m.app = lambda args: __import__('swallows'); m.main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (result.returncode, result.stdout) == (130, "")
    assert result.stderr == "msds: interrupted\n"


def test_a_score_is_explained_where_only_ascii_can_be_printed(examples_dir: Path) -> None:
    photo = str(examples_dir / "chelsea.png")
    result = subprocess.run(
        [sys.executable, "-m", "msds", "score", photo, photo, "--explain"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "120"},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    bars = re.findall("#{10,}", result.stdout)
    assert len(bars) == 4
    assert len(set(bars)) == 1


@pytest.mark.parametrize("columns", [50, 60])
def test_an_explained_score_keeps_its_numbers_on_a_narrow_terminal(
    examples_dir: Path, columns: int
) -> None:
    photo = str(examples_dir / "chelsea.png")
    text = run("score", photo, photo, "--explain", COLUMNS=str(columns)).stdout
    assert max(map(len, text.splitlines())) <= columns
    for number in ("weight", "451 x 300", "56 x 37", "1.0000", "0.200", "0.275"):
        assert number in text
    assert photo.replace(" ", "") in text.replace("\n", "").replace(" ", "")


def test_images_in_the_place_of_a_verb_are_told_where_they_belong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b c.png"):
        (tmp_path / name).touch()
    done = call(monkeypatch, capsys, "a.png", "b c.png")
    assert done.status == 2
    assert done.err == "msds: error: a.png is no verb; did you mean `msds score a.png 'b c.png'`?\n"
    mistyped = call(monkeypatch, capsys, "aa.png", "b c.png")
    assert mistyped.status == 2
    assert "aa.png is no verb; did you mean `msds score aa.png 'b c.png'`?" in mistyped.err
    guessed = call(monkeypatch, capsys, "video", "a.mp4", "b.mp4")
    assert guessed.status == 2
    assert "video is no verb; did you mean `msds score a.mp4 b.mp4`?" in guessed.err


@pytest.mark.parametrize(
    ("told", "policy"),
    [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "active"}, "active"), ({"KMP_BLOCKTIME": "9"}, None)],
)
def test_waiting_threads_sleep_unless_they_are_told_otherwise(
    told: dict[str, str], policy: str | None
) -> None:
    code = (
        "import os, sys; from msds.cli.main import main\n"
        "sys.argv = ['msds', '--version']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules\n"
        "print(os.environ.get('OMP_WAIT_POLICY'))"
    )
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, **told},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == str(policy)


def test_the_threads_that_compute_are_as_many_as_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import torch

    write_folders(tmp_path, 1, (10,))
    monkeypatch.chdir(tmp_path)
    counts: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", counts.append)
    pair = ("score", "refs/a0.png", "dist/a0_q10.jpg", *RANDOM)
    assert call(monkeypatch, capsys, *pair, "--compute-threads", "3").status == 0
    assert counts == [3]
    assert call(monkeypatch, capsys, *pair).status == 0
    assert counts == [3]
    assert call(monkeypatch, capsys, *pair, "--compute-threads", "0").status == 2


def test_an_unknown_verb_or_option_is_status_two() -> None:
    assert run("scores").returncode == 2
    assert run("score", "--modle", "x", "a", "b").returncode == 2


def test_the_record_of_a_pair_is_json(examples_dir: Path) -> None:
    reference = sorted(p for p in examples_dir.iterdir() if p.suffix in {".png", ".jpg", ".webp"})[
        0
    ]
    result = run("score", str(reference), str(reference), "--json")
    assert result.returncode == 0, result.stderr
    record = json.loads(result.stdout)
    assert record["score"] == 1.0
    assert record["levels"] == [1.0] * 4


def test_a_file_whose_name_begins_with_a_dash_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "-b.png"):
        (tmp_path / name).touch()
    done = call(monkeypatch, capsys, "score", "a.png", "-b.png")
    assert done.status == 2
    assert done.err.endswith("msds: -b.png is a file here: give it as ./-b.png\n")


def test_lines_of_the_help_end_where_those_of_the_terminal_do() -> None:
    wide = run("score", "--help", COLUMNS="300").stdout
    assert "or the pairs of a table. In two folders, " in wide
