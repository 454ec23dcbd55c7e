"""Where files lie that can be made again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from helpers.weights_fixtures import *  # noqa: F403
from msds import places
from msds.errors import InputError
from msds.places import hub_folder


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
    monkeypatch.setattr(places.sys, "platform", platform)
    assert places.cache_folder() == machine / expected


def test_an_unknown_home_folder_is_an_error_that_names_the_setting(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("MSDS_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(InputError, match="set MSDS_CACHE"):
        places.cache_folder()
