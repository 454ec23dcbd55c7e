"""Run a function in two processes that are joined by gloo, as data-parallel training does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

PROCESSES = 2


def in_two_processes(function: Callable[[int], Any]) -> list[Any]:
    """What `function(rank)`, of an importable module, returns in each of the two."""
    with tempfile.TemporaryDirectory() as folder:
        mp.start_processes(_work, (function, folder), nprocs=PROCESSES, start_method="spawn")
        return [torch.load(Path(folder) / f"{rank}.pt") for rank in range(PROCESSES)]


def _work(rank: int, function: Callable[[int], Any], folder: str) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    meeting = f"file://{folder}/meeting"
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=PROCESSES)
    try:
        torch.save(function(rank), Path(folder) / f"{rank}.pt")
    finally:
        dist.destroy_process_group()
