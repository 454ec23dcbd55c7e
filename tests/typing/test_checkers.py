"""Type checkers find what is wrong in a user's script, and nothing in what is right."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from msds.engines.choice import _ENGINES, _MODULES, Engine
from msds.method.pyramid import FILTERS, Filter

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("script.py")
WRONG = {
    number
    for number, line in enumerate(SCRIPT.read_text(encoding="utf-8").splitlines(), 1)
    if line.endswith("# wrong")
}
COMPLETE = 0.98
"""Share of the package's public symbols whose types are wholly known, at least."""


def run(checker: str, *arguments: str | Path) -> str:
    """What a checker prints that reads this checkout with the packages of this Python."""
    program = Path(sys.executable).with_name(checker)
    if not program.is_file():
        pytest.skip(f"{checker} is not installed")
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "MYPYPATH": str(ROOT / "src"), "PYTHONPATH": "src"}
    command = [program, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return done.stdout


@pytest.mark.slow
def test_mypy_finds_what_is_wrong_and_nothing_else() -> None:
    # As `make types` calls it: what that has read of torch need not be read again.
    found = run("mypy", "--config-file", ROOT / "pyproject.toml", SCRIPT)
    lines = {int(number) for number in re.findall(r"script\.py:(\d+): error:", found)}
    assert lines == WRONG, found


@pytest.mark.slow
def test_basedpyright_finds_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    settings = tmp_path / "pyrightconfig.json"
    settings.write_text(
        json.dumps(
            {
                "typeCheckingMode": "standard",
                "include": [str(SCRIPT)],
                "extraPaths": [str(ROOT / "src")],
            }
        )
    )
    found = json.loads(run("basedpyright", "--outputjson", "--project", settings))
    errors = [one for one in found["generalDiagnostics"] if one["severity"] == "error"]
    lines = {one["range"]["start"]["line"] + 1 for one in errors}
    assert lines == WRONG, errors


@pytest.mark.slow
def test_the_types_of_public_names_are_known() -> None:
    found = json.loads(
        run("basedpyright", "--outputjson", "--verifytypes", "msds", "--ignoreexternal")
    )
    complete = found["typeCompleteness"]["completenessScore"]
    unknown = [
        one["name"]
        for one in found["typeCompleteness"]["symbols"]
        if one["isExported"] and not one["isTypeKnown"]
    ]
    assert complete >= COMPLETE, unknown


def test_names_that_are_typed_are_those_that_exist() -> None:
    assert set(get_args(Filter)) == set(FILTERS)
    assert set(get_args(Engine)) == {"auto", "torch", *_ENGINES}
    assert set(_MODULES) == set(_ENGINES)
