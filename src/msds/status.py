"""What a command ends with: one list for all verbs, and for whoever runs the engine without one."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Exit statuses."""

    DONE = 0
    SOME_FAILED = 1
    """Some pairs have no score, or files are not paired."""
    WRONG_CALL = 2
    """A wrong call, an input that cannot be used at all, or an output that cannot be written."""
    CONDITION_FAILED = 3
    """A score is too low, or worse than in the baseline; this outweighs 1."""
    UNFORESEEN = 70
    """An error of ours: what sysexits.h calls EX_SOFTWARE."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; this and the next as shells say it of programs that a signal ends."""
    CLOSED_PIPE = 141
    """Whoever read the output has gone."""
