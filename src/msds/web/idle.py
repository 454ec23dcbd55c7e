"""Memory that is handed back once nobody asks.

The C library keeps what was freed, for every thread by itself, since the next request will want it
again. A server that once did much would hold it for ever.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress

IDLE_SECONDS = 5.0
"""Without a request, after which memory is handed back; to be given it again costs the next one a
little time."""


def hand_back() -> None:
    """Drop what nobody can reach, and let the system have all memory that is free.

    The second only where the C library is glibc.
    """
    gc.collect()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


async def hand_back_when_idle(
    state: Callable[[], tuple[int, int]],
    *,
    seconds: float = IDLE_SECONDS,
    how: Callable[[], None] = hand_back,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Hand memory back whenever no request came for a while, until cancelled.

    Parameters
    ----------
    state : how many requests are worked on, and how many have been answered so far.
    seconds : that have to pass without one.
    how : what is done, in a thread of its own.
    sleep : how to wait.
    """
    done, before = state()[1], state()
    while True:
        await sleep(seconds)
        now = state()
        if now == before and now[0] == 0 and now[1] != done:
            await asyncio.to_thread(how)
            done = now[1]
        before = now
