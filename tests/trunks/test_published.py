"""The table of published files, and the places where they are looked for."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch

from msds.errors import WeightsError
from msds.trunks import published as table
from msds.trunks.published import PUBLISHED, candidates, hub_folder, is_offline, weights_folder
from weights_fixtures import *  # noqa: F403

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


def test_torch_hub_is_asked_where_a_program_moved_its_folder(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "_hub_dir", str(machine / "moved"))
    assert hub_folder() == machine / "moved" / "checkpoints"


def test_the_folder_of_torch_hub_is_known_without_torch(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both() -> tuple[Path, Path]:
        with_torch = hub_folder()
        with monkeypatch.context() as patch:
            patch.delitem(sys.modules, "torch")
            return with_torch, hub_folder()

    assert len(set(both())) == 1
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine / "xdg"))
    assert len(set(both())) == 1


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", ".cache/msds"), ("darwin", "Library/Caches/msds"), ("win32", "Local/msds/Cache")],
)
def test_the_cache_lies_where_the_platform_wants_it(
    machine: Path, monkeypatch: pytest.MonkeyPatch, platform: str, expected: str
) -> None:
    monkeypatch.delenv("MSDS_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(machine))
    monkeypatch.setenv("LOCALAPPDATA", str(machine / "Local"))
    monkeypatch.setattr(table.sys, "platform", platform)
    assert table.cache_folder() == machine / expected


def test_an_unknown_home_folder_is_an_error_that_names_the_setting(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("MSDS_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(WeightsError, match="set MSDS_CACHE"):
        table.cache_folder()


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("true", True), ("0", False)])
def test_offline_is_a_yes_or_no_setting(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    monkeypatch.setenv("MSDS_OFFLINE", value)
    assert is_offline() is expected
