"""The table of published files, and the places where they are looked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.weights_fixtures import *  # noqa: F403
from msds.places import hub_folder, weights_folder
from msds.trunks.weights.published import PUBLISHED, candidates, is_offline

VGG16_FILE = "vgg16-397923af.pth"


@pytest.mark.parametrize(
    ("name", "file", "prefix"),
    [("vgg16", VGG16_FILE, "397923af"), ("vgg19", "vgg19-dcbb9e9d.pth", "dcbb9e9d")],
)
def test_the_table_names_the_official_files(
    name: str, file: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # File names and hash prefixes as in torchvision's VGG16_Weights and VGG19_Weights.
    monkeypatch.delenv("MSDS_WEIGHTS_URL", raising=False)
    entry = PUBLISHED[name]
    assert entry.file == file
    assert entry.url == f"https://download.pytorch.org/models/{file}"
    assert entry.sha256.startswith(prefix)
    assert re.fullmatch("[0-9a-f]{64}", entry.sha256)


def test_an_argument_comes_before_the_environment_the_cache_and_torch_hub(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights_folder().mkdir(parents=True)
    cached = weights_folder() / "vgg16-397923af.safetensors"
    cached.touch()
    published = PUBLISHED["vgg16"]
    hub_folder().mkdir(parents=True)
    in_hub = hub_folder() / VGG16_FILE
    in_hub.touch()
    assert hub_folder() == machine / "torch" / "hub" / "checkpoints"
    assert [c.path for c in candidates(published)] == [cached, in_hub]
    (machine / "mine").mkdir()
    named = machine / "mine" / VGG16_FILE
    named.touch()
    monkeypatch.setenv("MSDS_WEIGHTS", str(machine / "mine"))
    assert [c.path for c in candidates(published)] == [named, cached, in_hub]
    monkeypatch.setenv("MSDS_WEIGHTS", str(named))
    assert [c.path for c in candidates(published)] == [named]
    assert [c.path for c in candidates(published, in_hub)] == [in_hub]


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("true", True), ("0", False)])
def test_offline_is_a_yes_or_no_setting(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    monkeypatch.setenv("MSDS_OFFLINE", value)
    assert is_offline() is expected
