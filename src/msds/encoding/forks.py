"""Processes forked after torch has computed with several threads."""

from __future__ import annotations

import os
from functools import cache

import torch


@cache
def survive_forks() -> None:
    """Let processes that are forked from this one compute with one thread.

    The threads of torch's OpenMP library do not come along into a forked process, where the next
    computation of more than one thread would wait for them for ever. PyTorch's own data loaders do
    the same in their workers. A child that wants more threads is started by "spawn".
    """
    if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
        os.register_at_fork(after_in_child=_one_thread)


def _one_thread() -> None:
    torch.set_num_threads(1)
