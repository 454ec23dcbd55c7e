"""Locations, and what is done about stores that fail now and then."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from msds.cluster import storage
from msds.cluster.storage import (
    LOCK,
    absolute,
    commit,
    fetch,
    folder_of,
    is_uri,
    joined,
    location_of,
    names_in,
    only_writer,
    read,
)
from msds.errors import InputError


@pytest.mark.parametrize(
    ("folder", "name", "found"),
    [
        ("/data", "a/b.png", "/data/a/b.png"),
        ("/data", "/other/b.png", "/other/b.png"),
        ("", "a.png", "a.png"),
        ("/data", "s3://bucket/b c#1.png", "s3://bucket/b c#1.png"),
        ("s3://bucket/in", "a/b.png", "s3://bucket/in/a/b.png"),
        ("s3://bucket/in/", "./b.png", "s3://bucket/in/b.png"),
        ("https://host/in", "b.png?size=1", "https://host/in/b.png?size=1"),
    ],
)
def test_names_begin_in_their_folder_unless_they_say_otherwise(
    folder: str, name: str, found: str
) -> None:
    assert joined(folder, name) == found


def test_a_uri_survives_being_taken_for_a_path() -> None:
    for uri in ("s3://bucket/key", "gs://b/k", "https://host/a/b"):
        assert location_of(Path(uri)) == uri
        assert is_uri(Path(uri))
        assert absolute(uri) == uri
    assert not is_uri("a/b.csv")
    assert not is_uri("C:/b.csv")
    assert folder_of("s3://bucket/a/b.csv") == "s3://bucket/a"
    assert folder_of("/a/b.csv") == "/a"


def test_a_file_is_committed_whole_and_read_back(tmp_path: Path) -> None:
    folder = str(tmp_path / "out")
    assert names_in(folder) == []
    commit(joined(folder, "b"), b"later")
    commit(joined(folder, "a"), b"content")
    assert names_in(folder) == ["a", "b"]
    assert read(joined(folder, "a")) == b"content"
    target = io.BytesIO()
    assert fetch(joined(folder, "a"), target) == hashlib.sha256(b"content").hexdigest()
    assert target.getvalue() == b"content"


def test_a_file_longer_than_it_may_be_is_not_fetched_whole(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(bytes(100))
    with pytest.raises(InputError, match="more than 99 bytes"):
        fetch(str(tmp_path / "long"), io.BytesIO(), 99)


def test_what_passes_is_tried_again_and_what_does_not_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(storage.time, "sleep", pauses.append)
    answers: list[Exception | bytes] = [OSError("SLOW_DOWN"), TimeoutError("late"), b"there"]

    def ask() -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert storage._patiently(ask, "s3://b/k", "cannot be read") == b"there"
    assert len(pauses) == 2
    for error, said in (
        (FileNotFoundError("x"), "s3://b/k: no such file."),
        (PermissionError("not yours"), r"s3://b/k cannot be read \(not yours\)."),
        (OSError("AWS Error ACCESS_DENIED during Get"), "ACCESS_DENIED"),
    ):
        answers[:] = [error]
        with pytest.raises(InputError, match=said):
            storage._patiently(ask, "s3://b/k", "cannot be read")
    answers[:] = [OSError("SLOW_DOWN")] * storage.TRIES
    with pytest.raises(InputError, match="SLOW_DOWN"):
        storage._patiently(ask, "s3://b/k", "cannot be read")
    assert len(pauses) == 2 + storage.TRIES - 1
    assert max(pauses) <= storage.LONGEST_PAUSE


def test_a_folder_has_one_writer_at_a_time(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    with only_writer(out):
        assert names_in(out) == []  # its lock is nothing that was found there
        second = only_writer(out)
        with pytest.raises(InputError, match="out: another run is writing these results"):
            second.__enter__()
        (tmp_path / "out" / "part").write_bytes(b"")
    assert names_in(out) == ["part"]
    (tmp_path / "out" / LOCK).write_bytes(b"")  # of a process that was killed
    with only_writer(out):
        assert names_in(out) == ["part"]


def test_a_folder_to_which_nothing_was_written_is_not_left(tmp_path: Path) -> None:
    made, there = tmp_path / "made", tmp_path / "there"
    there.mkdir()
    for folder in (made, there):
        with only_writer(str(folder)):
            assert folder.is_dir()
    with pytest.raises(InputError, match="wrong"), only_writer(str(made)):
        raise InputError("something is wrong")
    assert (made.exists(), there.exists()) == (False, True)


def test_a_scheme_that_nobody_knows_is_said() -> None:
    with pytest.raises(InputError, match="nothing"):
        read("nothing://a/b")


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """A web server that is busy when it is asked first; its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            asked.append(self.path)
            there = self.path == "/a%20b.png?size=1"
            status = 503 if len(asked) == 1 else 200 if there else 404
            body = b"content" if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_files_are_fetched_from_web_servers(
    web: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = web
    pauses: list[float] = []
    monkeypatch.setattr(storage.time, "sleep", pauses.append)
    target = io.BytesIO()
    fetch(f"{address}/a%20b.png?size=1", target)
    assert target.getvalue() == b"content"
    assert len(asked) > 1
    with pytest.raises(InputError, match=r"none.png: no such file\."):
        fetch(f"{address}/none.png", io.BytesIO())
