"""Threads that read files ahead of the trunk, within their share of memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from msds.encoding.shortage import is_out_of_memory
from msds.scoring.inputs import Input
from msds.scoring.sources import Source, State

READ_AHEAD = 8
"""Images per thread that are read before the trunk needs them, at most."""


class Readers:
    """Reads sources in threads.

    A file for which memory ran short is read once more when nothing else takes memory.

    Parameters
    ----------
    read : what a thread does with a source.
    threads : how many there are.
    share : bytes of images that may be under way.

    Attributes
    ----------
    in_flight : bytes of images that are being read, or wait for the trunk.
    """

    def __init__(self, read: Callable[[Source], Input], threads: int, share: int) -> None:
        self._read = read
        self._threads = threads
        self._share = share
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="msds-read")
        self._reading: dict[Future[Input], Source] = {}
        self._postponed: deque[Source] = deque()
        self._tried: set[Source] = set()
        self.in_flight: int = 0

    def __bool__(self) -> bool:
        """Whether anything is still to come."""
        return bool(self._reading or self._postponed)

    def have_room(self, sources: Iterable[Source]) -> bool:
        """Whether these may be asked for now; always if nothing else is under way."""
        if len(self._reading) >= READ_AHEAD * self._threads:
            return False
        cost = sum(source.bytes for source in sources)
        return not (cost and self.in_flight) or self.in_flight + cost <= self._share

    def ask(self, source: Source) -> None:
        """Have a source read."""
        source.state = State.UNDER_WAY
        self.in_flight += source.bytes
        self._reading[self._pool.submit(self._read, source)] = source

    def arrived(self, idle: bool) -> Iterator[tuple[Source, Input]]:
        """What has been read; waits for something only if there is nothing else to do."""
        if self._reading:
            done, _ = wait(self._reading, None if idle else 0, FIRST_COMPLETED)
            for future in done:
                source = self._reading.pop(future)
                error = future.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                read = future.result() if error is None else Input("", 0.0, failure=error)
                if read.failure and is_out_of_memory(read.failure) and source not in self._tried:
                    self._tried.add(source)
                    self._postponed.append(source)
                    self.release(source)
                else:
                    yield source, read
        elif idle and self._postponed:
            source = self._postponed.popleft()
            self.in_flight += source.bytes
            try:
                yield source, self._read(source)
            except Exception as error:  # whatever a decoder raises costs this file only
                yield source, Input("", 0.0, failure=error)

    def release(self, source: Source) -> None:
        """The pixels of a source take no memory any more."""
        self.in_flight -= source.bytes

    def close(self) -> None:
        """End the threads; what was asked for is not read any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
