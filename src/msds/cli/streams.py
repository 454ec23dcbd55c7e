"""The standard streams of the command, also where they are closed or take nothing."""

from __future__ import annotations

import io
import os
import sys


def open_closed() -> None:
    """Put something in the place of standard streams that are closed, and let names be printed.

    Their numbers would be those of the next files that are opened, into which libraries would then
    print. What would have gone to standard error goes nowhere; what is written to standard output
    is an error once it is written.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
    if sys.stdout is None:
        sys.stdout = _to(1)
    if sys.stderr is None:
        sys.stderr = _to(2)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names need not fit its encoding


def _to(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), "utf-8")


def drop_output() -> bool:
    """Send what standard output still holds nowhere if it takes nothing; whether that was so."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False
