"""A folder to score in, and the command called in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.scoring_files import Called, call, write_clips, write_folders


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with refs/ and dist/ in it."""
    write_folders(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with refs/ and dist/, of videos among images, and worse.mkv; not to be changed."""
    root = tmp_path_factory.mktemp("clips")
    write_clips(root)
    return root


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode every image by itself, so that runs agree to the last digit that is printed.

    Which images are ready at the same time, and encoded together, depends on how fast they are
    read, and the last bits of a score on what else is in the batch.
    """
    monkeypatch.setattr("msds.encoding.encoder.MOST_IMAGES", 1)


@pytest.fixture
def msds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Called]:
    """Call the command with arguments, and look at its status and output."""
    return lambda *arguments: call(monkeypatch, capsys, *arguments)
