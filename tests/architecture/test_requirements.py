"""What tests and continuous integration install is pinned, with digests, down to what builds it."""

from __future__ import annotations

import re

import pytest

from helpers.rooms import ROOT

FOLDER = ROOT / "requirements"
DIGEST = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(name: str) -> dict[str, str]:
    """Name and version of each requirement of a file to what else stands there."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.split()[0].lower().replace("_", "-"): line.partition(" ")[2] for line in lines}


def chosen() -> dict[str, str]:
    """Versions that are chosen by hand, by name."""
    lines = (ROOT / "constraints-dev.txt").read_text(encoding="utf-8").splitlines()
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, version in pins}


@pytest.mark.parametrize("name", ["core", "cuda", "dev", "docs", "torch", "torch-cpu"])
def test_every_requirement_has_one_version_and_digests_and_names_no_host(name: str) -> None:
    for requirement, rest in entries(name).items():
        assert re.fullmatch(r"[a-z0-9.-]+==[a-z0-9.+]+", requirement), requirement
        assert DIGEST.search(rest), requirement
        marker = DIGEST.sub("", rest)
        assert "--" not in marker, requirement
        assert "/" not in marker, requirement  # an address


@pytest.mark.parametrize("name", ["core", "cuda", "dev", "docs", "torch", "torch-cpu"])
def test_versions_are_those_that_were_chosen(name: str) -> None:
    pins = chosen()
    for requirement in entries(name):
        package, _, version = requirement.removesuffix("+cpu").partition("==")
        assert version == pins.get(package, version), "run `make lock`"


def test_whatever_the_tests_need_is_pinned() -> None:
    tomllib = pytest.importorskip("tomllib", reason="reads TOML, of Python 3.11")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["dev"]]
    for extra in re.findall(r"msds-iqa\[(.*?)\]", " ".join(extras["dev"])):
        needed += [name for each in extra.split(",") for name in extras[each]]
    names = {re.split(r"[^\w.-]", need)[0].lower().replace("_", "-") for need in needed}
    pinned = {entry.partition("==")[0] for entry in (*entries("dev"), *entries("torch"))}
    assert names - {"msds-iqa"} <= pinned, "run `make lock`"


def test_what_builds_the_package_is_pinned() -> None:
    built_by = {requirement.partition("==")[0] for requirement in entries("core")}
    assert {"hatchling", "editables", "setuptools", "cffi", "pkgconfig"} <= built_by


def test_the_build_of_torch_without_cuda_is_of_the_same_version() -> None:
    ((requirement, digests),) = entries("torch-cpu").items()
    assert requirement == f"torch=={chosen()['torch']}+cpu"
    builds = (FOLDER / "torch-cpu.sha256").read_text(encoding="utf-8").splitlines()
    assert set(DIGEST.findall(digests)) == {f"--hash=sha256:{line.split()[0]}" for line in builds}
