"""Several processes that run the tests do not take the processors from each other."""

from __future__ import annotations

import os

import pytest
import torch


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_a_process_of_several_computes_with_its_share_of_the_cores() -> None:
    assert torch.get_num_threads() == int(os.environ["OMP_NUM_THREADS"])
