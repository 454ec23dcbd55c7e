"""What the docs show and no test runs is right as far as can be said without running it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from helpers.pages import PAGES, ROOT, blocks, in_blocks, in_sentences
from helpers.processes import run_code
from msds.cli.main import app

PARSED = """
import argparse, runpy, sys
sys.argv = {argv!r}
sys.path[:0] = [{folder!r}, {root!r}]
parse = argparse.ArgumentParser.parse_args
def parse_and_stop(self, *arguments, **options):
    parse(self, *arguments, **options)
    raise SystemExit(0)
argparse.ArgumentParser.parse_args = parse_and_stop
{run}
raise SystemExit("it read no arguments")
"""
"""Runs a program until it has read its arguments."""


@pytest.fixture(scope="module")
def command() -> Any:
    """The command, whose verbs read their arguments and do nothing."""
    found = typer.main.get_command(app)
    for verb in each(found):
        verb.callback = lambda **_: None
    return found


def each(command: Any) -> Iterator[Any]:
    """A verb, or all that a group has."""
    for below in getattr(command, "commands", {"": None}).values():
        yield from [command] if below is None else each(below)


@pytest.mark.parametrize("line", in_blocks("msds "))
def test_the_command_takes_what_is_shown(line: str, command: Any) -> None:
    command.main(args=shlex.split(line)[1:], prog_name="msds", standalone_mode=False)


@pytest.mark.parametrize("line", in_sentences("msds "))
def test_verbs_and_options_in_sentences_exist(line: str, command: Any) -> None:
    verb, known = command, set()
    for word in line.split()[1:]:
        verb = getattr(verb, "commands", {}).get(word, verb)
        known |= {name for one in verb.params for name in (*one.opts, *one.secondary_opts)}
        if word.startswith("--"):
            assert word.partition("=")[0] in known | {"--help"}, line
    first = line.split()[1]
    assert verb is not command or first == "VERB" or first.startswith("-"), line


@pytest.mark.slow
@pytest.mark.parametrize("line", in_blocks("python -m ") + in_sentences("python -m benchmarks."))
def test_programs_of_the_repository_take_the_arguments_shown(line: str) -> None:
    module, *arguments = shlex.split(line)[2:]
    run = f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    if arguments or line in in_blocks("python -m "):
        _read_arguments([module, *arguments], ROOT, run)
    else:
        assert importlib.util.find_spec(module), line


@pytest.mark.slow
@pytest.mark.parametrize("line", in_blocks("python examples/") + in_sentences("python examples/"))
def test_examples_take_the_arguments_shown(line: str) -> None:
    script, *arguments = shlex.split(line)[1:]
    path = str(ROOT / script)
    run = f"runpy.run_path({path!r}, run_name='__main__')"
    _read_arguments([path, *arguments], ROOT / "examples", run)


def _read_arguments(argv: list[str], folder: Path, run: str) -> None:
    code = PARSED.format(argv=argv, folder=str(folder), root=str(ROOT), run=run)
    result = run_code(code, cwd=ROOT)
    if missing := re.search(r"ModuleNotFoundError: No module named '(\w+)'", result.stderr):
        assert missing[1] not in ("msds", "benchmarks", "helpers", "training")
        pytest.skip(f"{missing[1]} is not installed")
    assert result.returncode == 0, result.stderr


def test_extras_that_are_installed_exist_and_all_of_them_are_described() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    extras = set(re.findall(r"^([a-z]+) = \[", section, re.MULTILINE))
    for line in in_blocks("pip ") + in_sentences("pip "):
        for found in re.findall(r"(?:\.|msds-iqa)\[([^\]]*)\]", line):
            assert set(found.split(",")) <= extras, line
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[a-z`, ]+) \|", page, re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`([a-z]+)`", row)}
    assert described == extras


def test_no_page_installs_the_package_from_an_index_that_does_not_have_it() -> None:
    for line in in_blocks("pip install"):
        assert "msds-iqa" not in line or "--no-index" in line, line


def test_targets_of_make_that_are_shown_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for line in in_blocks("make "):
        assert line.split()[1] in targets, line


@pytest.mark.parametrize(
    "block",
    [block for block in blocks() if block.reason and block.language == "python"],
    ids=lambda block: block.place,
)
def test_python_that_is_not_run_uses_names_that_exist(block: Any) -> None:
    for node in ast.walk(ast.parse(block.code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("msds"):
            for alias in node.names:
                assert exists(f"{node.module}.{alias.name}"), block.place
        if isinstance(node, ast.Attribute) and (name := dotted(node)).startswith("msds."):
            assert exists(name), f"{block.place}: {name}"


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text, or "" for anything else."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def test_names_of_the_package_in_sentences_exist() -> None:
    files = (".xml", ".jsonl", ".csv")
    for page in PAGES:
        for name in re.findall(r"`(msds(?:\.\w+)+)", page.read_text(encoding="utf-8")):
            assert name.endswith(files) or exists(name), f"{page.name} speaks of {name}"


def exists(name: str) -> bool:
    """Whether a dotted name can be reached by importing modules and taking attributes."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        for part in parts[split:]:
            annotated = part in getattr(found, "__annotations__", {})
            if not annotated and not hasattr(found, part):
                return False
            found = None if annotated else getattr(found, part)
        return True
    return False


def test_files_of_the_repository_that_are_named_exist() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = r"`((?:examples|benchmarks|tests|training|src|docs)/[\w./-]+\.\w+)`"
        for name in re.findall(named, text):
            assert Path(ROOT / name).exists(), f"{page.name} names {name}"


def test_equations_are_written_as_both_the_site_and_github_read_them() -> None:
    for page in PAGES:
        text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for equation in re.findall(r"\$\$.*?\$\$|\$[^$\n]+\$", text, flags=re.DOTALL):
            # GitHub takes the backslash of these away before the equation is read.
            assert not re.search(r"\\[^a-zA-Z\s]", equation), f"{page.name}: {equation}"
