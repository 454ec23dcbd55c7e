"""The processes that decode: asked one image at a time, ended when they take too long, replaced."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from msds.errors import InputError
from msds.text import counted
from msds.web.settings import Limits
from msds.web.wire import receive_bytes, receive_head, send

_START_SECONDS = 300.0
_FILE_SLACK = 1 << 20
_PIPE_BYTES = 1 << 20
"""The usual 64 KiB have the two processes wait for each other hundreds of times an image."""


@dataclass(frozen=True)
class Reply:
    """What a worker made of an image: some facts, and pixels or a picture."""

    about: dict[str, Any]
    content: bytearray


class WorkerLostError(InputError):
    """A worker ended, or was ended, before it gave an answer."""


class _Clock:
    """Ends a process unless what is done within the block is done in time."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self.late = False

    def _end(self) -> None:
        self.late = True
        self._process.kill()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


class Worker:
    """One process; started at once, and again whenever it has ended."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._closed = False
        self._start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(
        self, about: Mapping[str, Any], data: bytes, admit: Callable[[int], None] | None = None
    ) -> Reply:
        """Have one image decoded.

        Parameters
        ----------
        about : what is wanted, see `msds.web.worker`.
        data : the file.
        admit : called with the size of the answer before it is fetched; may wait.

        Raises
        ------
        InputError
            If the image cannot be used, or took too much of something. The sentence starts with
            ``<bytes>``.
        """
        clock = None
        try:
            self.start_up()
            clock = _Clock(self._process, self._limits.decoding_seconds)
            with clock:
                send(self._input, about, data)
                said, size = receive_head(self._output)
            if admit is not None and "error" not in said:
                admit(size)
            content = receive_bytes(self._output, size)
        except (OSError, EOFError, ValueError) as error:
            self._restart()
            what = "ended the process that did it"
            if clock is not None and clock.late:
                limit = counted(self._limits.decoding_seconds, "seconds")
                what = f"took longer than {limit}"
            raise WorkerLostError(f"<bytes>: decoding this image {what}.") from error
        if "error" in said:
            raise InputError(str(said["error"]))
        return Reply(said, content)

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._input, self._output):
            with suppress(OSError):
                pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="msds-web-")
        limits = {
            "seconds": self._limits.decoding_seconds,
            "memory": self._limits.decoding_bytes + 2 * self._limits.body,
            "file": self._limits.body + _FILE_SLACK,
        }
        # Few arenas and threads: each takes address space, which is limited.
        environment = {
            **os.environ,
            "TMPDIR": self._folder,
            "MALLOC_ARENA_MAX": "2",
            "OMP_NUM_THREADS": "1",
            "VIPS_CONCURRENCY": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "msds.web.worker", json.dumps(limits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            pipesize=_PIPE_BYTES,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._is_ready = False

    def start_up(self) -> None:
        """Wait until the process can be asked."""
        if not self._is_ready:
            with _Clock(self._process, _START_SECONDS):
                receive_head(self._output)
            self._is_ready = True

    def _restart(self) -> None:
        self._end()
        if not self._closed:
            self._start()


class Workers:
    """Some processes, each asked by one thread at a time.

    Parameters
    ----------
    count : of processes.
    limits : of each.
    """

    def __init__(self, count: int, limits: Limits) -> None:
        self._all = [Worker(limits) for _ in range(count)]
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self._all:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="msds-decode")

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes."""
        return [worker.pid for worker in self._all]

    def start_up(self) -> None:
        """Wait until all can be asked."""
        try:
            for worker in self._all:
                worker.start_up()
        except EOFError as error:
            raise InputError("A process that decodes images ended as soon as it began.") from error

    async def ask(
        self, about: Mapping[str, Any], data: bytes, admit: Callable[[int], None] | None = None
    ) -> Reply:
        """As of a worker, by the first that is free."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._ask, about, data, admit)

    def _ask(
        self, about: Mapping[str, Any], data: bytes, admit: Callable[[int], None] | None
    ) -> Reply:
        worker = self._idle.get()
        try:
            return worker.ask(about, data, admit)
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End all processes; what they were asked is not answered."""
        for worker in self._all:
            worker.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
