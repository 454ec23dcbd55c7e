"""What a project needs besides code says what is true: versions, workflows, commands, parts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

import msds
from helpers.rooms import ROOT

yaml = pytest.importorskip("yaml", reason="mkdocs, which brings it, is not installed")


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def steps(name: str) -> list[str]:
    """What the jobs of a workflow run."""
    jobs = load(f".github/workflows/{name}.yml")["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def targets() -> set[str]:
    (line,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    return set(line.split())


def test_the_version_is_the_same_wherever_it_stands() -> None:
    assert load("CITATION.cff")["version"] == msds.__version__
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0].startswith(msds.__version__)


def test_workflows_run_what_contributors_run() -> None:
    assert ".ci/run" in steps("ci")
    assert ".ci/run" in steps("release")
    made = {one.split()[1] for name in ("ci", "release") for one in steps(name) if "make" in one}
    assert made <= targets()
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_make_alone_lists_what_it_can_do() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make (\w+) +\w", shown, re.MULTILINE)) == targets()


def test_hooks_before_a_commit_are_programs_that_tests_bring() -> None:
    hooks = load(".pre-commit-config.yaml")["repos"][0]["hooks"]
    programs = {hook["entry"].split()[0] for hook in hooks}
    assert programs <= {".venv/bin/ruff", ".venv/bin/pytest"}
    assert json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))["image"]


def test_forms_for_issues_have_what_their_form_needs() -> None:
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("[bi]*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form)
        assert all(part["attributes"]["label"] for part in form["body"])


def test_the_list_of_components_has_every_pinned_package_with_its_digests() -> None:
    script = ROOT / "requirements" / "sbom.py"
    shown = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    found = json.loads(shown.stdout)
    assert found["metadata"]["component"]["version"] == msds.__version__
    names = {one["name"]: one for one in found["components"]}
    assert {"torch", "numpy", "safetensors", "hatchling"} <= set(names)
    pinned = [
        line
        for name in ("core", "torch")
        for line in (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
    ]
    assert set(names) == {
        line.partition("==")[0] for line in pinned if re.match(r"[\w.-]+==", line)
    }
    digests = re.findall(r'"content": "([0-9a-f]{64})"', shown.stdout)
    assert len(digests) == sum("--hash=sha256:" in line for line in pinned)


def test_a_record_of_every_decision_is_listed_in_order() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("0*.md"))
    listed = re.findall(r"\]\((0\d+[^)]*)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == records
    for number, name in enumerate(records, 1):
        assert (folder / name).read_text(encoding="utf-8").startswith(f"# {number}. ")
