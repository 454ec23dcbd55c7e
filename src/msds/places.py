"""Where files lie that can be made again, and those that other software keeps for us."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from msds.errors import InputError


def cache_folder() -> Path:
    """The folder for files that can be made again: MSDS_CACHE, or the platform's own place."""
    if folder := os.environ.get("MSDS_CACHE"):
        return expanded(folder)
    if sys.platform == "win32":
        return _from_environment("LOCALAPPDATA", "AppData/Local") / "msds" / "Cache"
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches" / "msds"
    return _from_environment("XDG_CACHE_HOME", ".cache") / "msds"


def weights_folder() -> Path:
    """The part of the cache that holds weights."""
    return cache_folder() / "weights"


def engines_folder() -> Path:
    """The part of the cache that remembers which engine is the fastest here."""
    return cache_folder() / "engines"


def studies_folder() -> Path:
    """The part of the cache that holds the scores of rated sets."""
    return cache_folder() / "study"


def hub_folder() -> Path:
    """The folder in which torch hub, and with it torchvision and lpips, keeps published files."""
    # A program can move the folder with torch.hub.set_dir, but only after importing torch.
    if torch := sys.modules.get("torch"):
        return Path(torch.hub.get_dir()) / "checkpoints"
    if folder := os.environ.get("TORCH_HOME"):
        return expanded(folder) / "hub" / "checkpoints"
    return _from_environment("XDG_CACHE_HOME", ".cache") / "torch" / "hub" / "checkpoints"


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path that a user gave, with the home folder in place of a leading "~".

    Raises
    ------
    InputError
        If the home folder that it names is not known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(
            f"{os.fspath(path)}: the home folder that this begins with is not known; expected a "
            "whole path."
        ) from None


def _from_environment(variable: str, default: str) -> Path:
    value = os.environ.get(variable)
    return expanded(value) if value else _home() / default


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise InputError(
            "The home folder is unknown, and with it the cache: set MSDS_CACHE to a folder."
        ) from None
