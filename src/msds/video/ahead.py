"""Iterators whose next values a thread makes while the last one is at work."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_END: Any = object()


def ahead(values: Iterator[T], count: int) -> Iterator[T]:
    """The same values; up to `count` of them are made in a thread before they are asked for."""
    with ThreadPoolExecutor(1, thread_name_prefix="msds-decode") as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for _ in range(count):
                waiting.append(pool.submit(next, values, _END))
            while (value := waiting.popleft().result()) is not _END:
                waiting.append(pool.submit(next, values, _END))
                yield value
        finally:
            for one in waiting:
                one.cancel()
            # Files are closed in the thread that has opened them.
            pool.submit(getattr(values, "close", int))
