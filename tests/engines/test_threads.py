"""Threads that compute side by side, each with its own number of torch's threads."""

from __future__ import annotations

from threading import Barrier

import pytest
import torch

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
