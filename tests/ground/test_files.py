"""Files that are written whole or not at all, and what is never replaced."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from msds.errors import InputError
from msds.files import atomic_write, check_writable


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for target in (tmp_path / "deep/there.txt", tmp_path / "deep/not-yet.txt"):
        link = tmp_path / f"link-{target.name}"
        link.symlink_to(target)
        (tmp_path / "deep/there.txt").write_text("old")
        with atomic_write(link, "w") as file:
            file.write("new")
        assert link.is_symlink()
        assert target.read_text() == "new"


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="this is a folder"), atomic_write(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic_write(pipe, "w") as file:
        file.write("text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_writing_does_not_touch_the_umask_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(_: int) -> int:
        raise AssertionError("the umask belongs to all threads")

    (tmp_path / "plain").touch()
    monkeypatch.setattr(os, "umask", touched)
    with atomic_write(tmp_path / "file") as file:
        file.write(b"x")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_output_that_cannot_be_written_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="this is a folder; expected a file"):
        check_writable(tmp_path)
    for path, folder in ((tmp_path / "file/x.html", False), (tmp_path / "file", True)):
        with pytest.raises(InputError, match="this cannot be written"):
            check_writable(path, folder)
    with pytest.raises(InputError, match="there is no folder .*deep; make it first"):
        check_writable(tmp_path / "new/deep/x.html")
    check_writable(tmp_path / "new/deep", folder=True)
    check_writable(os.devnull)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
