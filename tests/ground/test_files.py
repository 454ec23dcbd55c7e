"""Files that are written whole or not at all, and what is never replaced."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from msds.errors import InputError
from msds.files import atomic_write, check_writable, unfinished


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


KILLED = """
import os, signal, sys
from pathlib import Path
from msds.files import atomic_write
with atomic_write(Path(sys.argv[1])) as file:
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and locks of files")
def test_what_a_killed_process_left_is_taken_over_by_the_next_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == b"half of it"
    with atomic_write(path) as file:
        file.write(b"all")
    assert path.read_bytes() == b"all"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks of files")
def test_two_that_write_the_same_file_do_not_write_into_each_other(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with atomic_write(path, "w") as first, atomic_write(path, "w") as second:
        first.write("first")
        second.write("second")
    assert path.read_text() == "first"  # which ended last
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_what_is_written_first_goes_through_no_link(tmp_path: Path, make: Any) -> None:
    other, path = tmp_path / "other", tmp_path / "out.csv"
    other.write_text("of somebody else")
    make(other, tmp_path / ".out.csv.part")
    with atomic_write(path, "w") as file:
        file.write("all")
    assert path.read_text() == "all"
    assert other.read_text() == "of somebody else"


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks of files")
def test_without_locks_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "no locks here")

    monkeypatch.setattr("fcntl.flock", none)
    with unfinished(tmp_path / "out.csv") as (descriptor, path):
        os.write(descriptor, b"all")
        os.close(descriptor)
        path.replace(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"all"
    assert list(tmp_path.iterdir()) == [tmp_path / "out.csv"]


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
