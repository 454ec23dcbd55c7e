"""Memory is handed back once nobody asks, and not before."""

from __future__ import annotations

import asyncio
import ctypes
import sys

import pytest

from msds.web.idle import hand_back, hand_back_when_idle


def follow(states: list[tuple[int, int]]) -> list[int]:
    """At which of some states, seen one after the other, memory was handed back."""
    seen, handed = -1, []

    def state() -> tuple[int, int]:
        return states[max(0, min(seen, len(states) - 1))]

    async def run() -> None:
        nonlocal seen
        over = asyncio.Event()

        async def tick(_: float) -> None:
            nonlocal seen
            seen += 1
            if seen == len(states):
                over.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(
            hand_back_when_idle(state, how=lambda: handed.append(seen), sleep=tick)
        )
        await over.wait()
        task.cancel()

    asyncio.run(run())
    return handed


@pytest.mark.parametrize(
    ("states", "handed"),
    [
        ([(0, 0)] * 5, []),  # nobody has asked anything
        ([(0, 0), (1, 0), (0, 1), (0, 1), (0, 1)], [3]),  # once, after a while without a request
        ([(0, 0), (1, 5), (1, 5), (1, 5)], []),  # one takes long
        ([(0, 0), (0, 3), (0, 5), (0, 8)], []),  # others have come meanwhile
        ([(0, 0), (0, 2), (0, 2), (0, 3), (0, 3)], [2, 4]),
    ],
)
def test_memory_is_handed_back_after_a_while_without_a_request(
    states: list[tuple[int, int]], handed: list[int]
) -> None:
    assert follow(states) == handed


@pytest.mark.skipif(sys.platform != "linux", reason="looks at what Linux says of the process")
def test_what_was_freed_goes_back_to_the_system() -> None:
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("the C library is not glibc")

    def held() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    blocks = [ctypes.create_string_buffer(b"x" * 100_000, 100_000) for _ in range(1000)]
    kept = ctypes.create_string_buffer(100_000)  # above them: what lies on top goes back by itself
    most = held()
    del blocks
    hand_back()
    assert held() < most - 80_000_000
    assert len(kept) == 100_000
