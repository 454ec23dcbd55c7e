"""Fixtures shared by all tests: where real data lies, and photographs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder with rated images and trained networks; tests that need it are skipped without it."""
    folder = Path(os.environ.get("MSDS_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(
            "no rated images: neither MSDS_SHARED nor a folder 'shared' beside the checkout"
        )
    return folder


@pytest.fixture(scope="session")
def examples_dir() -> Path:
    """The example photographs of this repository and their distorted versions."""
    return ROOT / "examples" / "photos"
