"""Locks on files, which the system takes back when their process ends, however it ends."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from msds.errors import InputError

IN_USE = "another run is writing these results."
"""What is said of results that are locked, behind their name."""

_log = logging.getLogger("msds")


class _Open(Protocol):
    """What is used of an open file."""

    def fileno(self) -> int: ...


def try_to_lock(file: _Open) -> bool:
    """Lock an open file until it is closed; whether no other process has.

    On file systems without locks there is nothing to tell, and it is as if none had. On Windows
    others cannot read the first byte of a file that is locked.
    """
    try:
        return lock(file.fileno())
    except OSError:
        return True


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs; wait while another process has it.

    The file stays: removing it would let a third process lock a new one beside a waiting second.
    """
    with path.open("ab") as file:
        if not try_to_lock(file):
            _log.warning("Waiting for another process that is preparing %s.", path.stem)
            while not try_to_lock(file):
                time.sleep(0.2)
        yield


@contextmanager
def alone(path: Path, refusal: str) -> Iterator[None]:
    """Hold a lock file while the block runs, which is removed then.

    Parameters
    ----------
    path : the file; one that a killed process has left does not count.
    refusal : the sentence of the error if another process holds it.

    Raises
    ------
    InputError
        If another process holds it.
    OSError
        If the file cannot be made.
    """
    with path.open("ab") as file:
        if not (try_to_lock(file) and _is_at(path, file)):
            raise InputError(refusal)
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no open files
                path.unlink()


def _is_at(path: Path, file: _Open) -> bool:
    """Whether an open file is still the one of this name: who held it before has removed it."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


if sys.platform == "win32":
    import msvcrt

    def lock(descriptor: int) -> bool:
        """Lock the first byte of a file until it is closed; whether no other process has.

        Raises
        ------
        OSError
            If this file system has no locks.
        """
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def lock(descriptor: int) -> bool:
        """Lock a file until it is closed; whether no other process has.

        Raises
        ------
        OSError
            If this file system has no locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
