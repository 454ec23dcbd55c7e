"""Threads of one's own that compute side by side, each with a number of torch's threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch


def own_threads() -> bool:
    """Whether a thread can set its number of threads without changing that of others."""
    return bool(torch.backends.openmp.is_available())  # type: ignore[no-untyped-call]


def computing_threads(count: int, threads: int, name: str) -> ThreadPoolExecutor:
    """Threads that are started and compute with so many threads each.

    The number is set in each for itself alone, as OpenMP has it: only where `own_threads` says so.

    Parameters
    ----------
    count : how many work side by side.
    threads : of torch, in each of them.
    name : what their names begin with.
    """
    own = torch.get_num_threads()
    ready = Barrier(count)

    def start() -> None:
        # When first asked in a thread, torch takes the number of all over what was set before.
        torch.get_num_threads()
        torch.set_num_threads(threads)
        ready.wait()

    pool = ThreadPoolExecutor(count, name, initializer=start)
    list(pool.map(int, range(count)))
    torch.set_num_threads(own)  # it is also what threads of others will start with
    return pool
