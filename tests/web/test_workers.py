"""Decoding goes on in processes that are held to limits, and replaced when they are lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image

import msds
from benchmarks.abuse_files import png
from msds.errors import InputError
from msds.metric.modules import MSDS
from msds.web.app import make_app
from msds.web.room import Room
from msds.web.settings import Limits
from msds.web.worker import packed
from msds.web.workers import Worker, WorkerLostError, Workers

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits are those of Linux")
PIXELS = {"want": "pixels", "reading": {}}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(Limits(decoding_seconds=120, decoding_bytes=256 << 20, body=8 << 20))
    yield made
    made.close()


def test_pixels_arrive_as_they_are(worker: Worker, photo: Image.Image, original: bytes) -> None:
    reply = worker.ask(PIXELS, original)
    assert reply.about["kind"] == "uint8"
    found = np.frombuffer(reply.content, np.uint8).reshape(3, photo.height, photo.width)
    assert np.array_equal(found, np.asarray(photo).transpose(2, 0, 1))


def test_bytes_stand_for_pixels_exactly_or_not_at_all() -> None:
    codes = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).expand(3, 16, 16)
    pixels = torch.from_numpy(codes.numpy().astype(np.float32) / np.float32(255))
    assert torch.equal(packed(pixels), codes)
    other = pixels.clone()
    other[2, 3, 4] += 1e-4
    assert packed(other) is other


def test_what_is_wrong_with_an_image_is_told(worker: Worker, original: bytes) -> None:
    with pytest.raises(InputError, match="truncated or damaged"):
        worker.ask(PIXELS, original[: len(original) // 2])
    assert worker.ask(PIXELS, original).about["width"] == 192


def test_a_process_that_is_lost_costs_one_answer_and_is_replaced(
    worker: Worker, original: bytes
) -> None:
    worker.ask(PIXELS, original)
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    with pytest.raises(WorkerLostError, match="ended the process"):
        worker.ask(PIXELS, original)
    assert worker.pid != first
    assert worker.ask(PIXELS, original).about["width"] == 192


def test_a_process_that_takes_too_long_is_ended() -> None:
    """One that answers nothing at all: it was stopped."""
    worker = Worker(Limits(decoding_seconds=1))
    try:
        worker.start_up()
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(WorkerLostError, match="longer than 1 second"):
            worker.ask(PIXELS, b"")
    finally:
        worker.close()


@linux
def test_the_system_holds_a_process_to_its_memory(worker: Worker) -> None:
    """The header is not looked at here; the image is made room for before it is read."""
    data = png(20_000, 20_000, zlib.compress(bytes(1 << 20)))
    large = {"want": "pixels", "reading": {"max_pixels": 2**40}}
    with pytest.raises(InputError, match="not enough memory"):
        worker.ask(large, data)


@linux
def test_a_process_may_write_no_more_than_it_was_sent(worker: Worker, original: bytes) -> None:
    worker.ask(PIXELS, original)
    with open(f"/proc/{worker.pid}/limits") as file:
        limits = {line[:25].strip(): line[25:46].strip() for line in file}
    assert limits["Max file size"] == str((8 << 20) + (1 << 20))
    assert limits["Max core file size"] == "0"
    assert limits["Max cpu time"] != "unlimited"
    assert limits["Max address space"] != "unlimited"


def test_an_answer_waits_in_its_process_until_there_is_room(
    worker: Worker, original: bytes
) -> None:
    room = Room(100)
    room.take(100)
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(worker.ask, PIXELS, original, room.take)
        assert not answer.done()
        room.give(100)
        assert answer.result().about["width"] == 192
    assert room.taken == 192 * 144 * 3


def test_several_are_asked_at_once(original: bytes, versions: dict[str, bytes]) -> None:
    workers = Workers(2, Limits(decoding_seconds=120))

    async def ask() -> list[int]:
        files = [original, *versions.values()] * 3
        replies = await asyncio.gather(*(workers.ask(PIXELS, data) for data in files))
        return [reply.about["width"] for reply in replies]

    try:
        assert set(asyncio.run(ask())) == {192}
        assert len(set(workers.pids)) == 2
    finally:
        workers.close()


def test_a_process_killed_in_the_middle_costs_one_answer_of_the_server(
    metric: MSDS, original: bytes, versions: dict[str, bytes]
) -> None:
    app = make_app(metric, limits=Limits(decoding_seconds=120), workers=1)
    files = {"reference": ("a.png", original), "distorted": ("b.jpg", versions["q50.jpg"])}
    expected = msds.score(original, versions["q50.jpg"]).score
    with TestClient(app, base_url="http://localhost") as client:
        assert client.post("/api/score", files=files).json()["score"] == pytest.approx(expected)
        os.kill(app.service.workers.pids[0], signal.SIGKILL)
        lost = client.post("/api/score", files=files)
        assert lost.status_code == 422
        assert "ended the process" in lost.json()["error"]
        again = client.post("/api/score", files=files)
        assert again.json()["score"] == pytest.approx(expected, abs=1e-5)


def test_large_pixels_do_not_stop_a_small_limit() -> None:
    room = Room(10)
    room.take(100)
    room.give(100)
    room.take(5)
    room.add(100)
    assert room.taken == 105
