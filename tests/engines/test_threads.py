"""Threads that compute side by side, each with its own number of torch's threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import torch
from torch import Tensor

from helpers.small_trunk import small_trunk
from msds.engines import EngineTrunk
from msds.engines.threads import computing_threads, own_threads


@pytest.mark.skipif(not own_threads(), reason="torch without OpenMP has one number for all")
def test_each_thread_computes_with_the_number_it_was_given() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    both = Barrier(2)

    def seen(_: int) -> int:
        both.wait(60)
        torch.ones(1 << 20).add_(1)  # the first work that could be shared
        return torch.get_num_threads()

    try:
        with computing_threads(2, 1, "test") as pool:
            assert list(pool.map(seen, range(2))) == [1, 1]
            assert torch.get_num_threads() == 3
            assert list(pool.map(seen, range(2))) == [1, 1]
    finally:
        torch.set_num_threads(before)


class Counting(EngineTrunk):
    """The chain itself as an engine that counts how often it is prepared."""

    engine = "counting"
    counts_threads = False
    prepared = 0

    def _open(self, threads: int) -> object:
        self.prepared += 1
        return object()

    def _features(self, session: object, normalised: Tensor) -> Tensor:
        return self.chain(normalised)


def test_threads_that_meet_a_new_engine_prepare_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting(small_trunk())
    real, both = engine.chain.revision, Barrier(2)

    def together() -> Any:
        found = real()
        both.wait(60)  # each has seen that nothing is prepared
        return found

    monkeypatch.setattr(engine.chain, "revision", together)
    images = torch.rand(1, 3, 16, 16)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(engine, [images, images])
    assert engine.prepared == 1
    torch.testing.assert_close(first, second, rtol=0, atol=0)
