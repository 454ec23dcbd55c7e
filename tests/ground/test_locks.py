"""Locks: whether they are held elsewhere, and whether there are any."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from msds.locks import lock, try_to_lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs locks of opened files")


def test_a_file_is_locked_by_one_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with path.open("ab") as one, path.open("ab") as other:
        assert lock(one.fileno())
        assert not lock(other.fileno())
        assert not try_to_lock(other)
        one.close()
        assert try_to_lock(other)


def test_where_there_are_no_locks_it_is_told_or_as_if_nobody_had_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "no locks here")

    monkeypatch.setattr("fcntl.flock", none)
    with (tmp_path / "a.lock").open("ab") as file:
        assert try_to_lock(file)
        with pytest.raises(OSError, match="no locks here"):
            lock(file.fileno())
