"""Scoring in a process that may die: which image was the end of it is found out, and left out."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from msds.cluster.entries import Entry
from msds.cluster.fetching import remove_fetched
from msds.errors import InputError

Record = dict[str, Any]
"""Of a pair, as `msds.results.Score.to_journal` gives it."""


class _EndedError(Exception):
    """The process ended before it had answered; says how."""


class Isolated:
    """Scores blocks of pairs, whatever becomes of the process that does it.

    A pair at which it ended so many times has a record with an error. Which one that is, is found
    by scoring the pairs one by one, once the process has ended in the middle of a block.

    Parameters
    ----------
    setup : what scores, as `msds.cluster.child.packed` gives it.
    tries : after how many ends of the process a pair, or a reference, is given up.
    """

    def __init__(self, setup: bytes, tries: int) -> None:
        self._setup = setup
        self._tries = tries
        self._process: subprocess.Popen[bytes] | None = None

    def score(self, entries: Sequence[Entry]) -> list[Record]:
        """The record of each pair.

        Raises
        ------
        InputError
            If the process says that it cannot score here, or ends as often as it is begun.
        """
        found: dict[int, Record] = {}
        while missing := [k for k in range(len(entries)) if k not in found]:
            try:
                for k, record in self._ask([entries[k] for k in missing]):
                    found[missing[k]] = record
            except _EndedError:
                self._search(entries, found)
        return [found[k] for k in range(len(entries))]

    @property
    def pid(self) -> int | None:
        """Number of the process, if there is one."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the process, and remove what it has left on the disk."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        remove_fetched(process.pid)

    def _search(self, entries: Sequence[Entry], found: dict[int, Record]) -> None:
        """Score pairs one by one until one of them is given up, or none is missing."""
        sound: set[str] = set()
        for k, entry in enumerate(entries):
            if k in found:
                continue
            if entry.problem is None and entry.reference_at not in sound:
                alone = entry._replace(distorted=entry.reference, distorted_at=entry.reference_at)
                given_up = self._try(alone)
                if isinstance(given_up, str):
                    found.update(_all_of(entries, found, entry, given_up))
                    return
                sound.add(entry.reference_at)
            record = self._try(entry)
            if isinstance(record, str):
                error = f"{entry.distorted_shown}: {record}"
                found[k] = _failed(entry, error)
                return
            found[k] = record

    def _try(self, entry: Entry) -> Record | str:
        """The record of a pair, or what is to be said of one at which the process always ends."""
        how = ""
        for _ in range(self._tries):
            try:
                ((_, record),) = self._ask([entry])
            except _EndedError as error:
                how = str(error)
            else:
                return record
        times = "once" if self._tries == 1 else f"{self._tries} times"
        return f"the process that scored this image ended {times} ({how})."

    def _ask(self, entries: Sequence[Entry]) -> Iterator[tuple[int, Record]]:
        """Records as they come."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump(list(entries), process.stdin)
            process.stdin.flush()
            while (answer := pickle.load(process.stdout)) is not None:
                yield answer
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise _EndedError(self._how()) from error

    def _started(self) -> subprocess.Popen[bytes]:
        """The process, begun if there is none."""
        for _ in range(self._tries):
            if self._process is not None:
                return self._process
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "msds.cluster.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(self._setup)
                process.stdin.flush()
                said = pickle.load(process.stdout)
            except (EOFError, OSError, pickle.UnpicklingError):
                how = self._how()
                continue
            if "error" in said:
                self.close()
                raise InputError(str(said["error"]))
        if self._process is None:
            raise InputError(f"The process that scores ended as soon as it began ({how}).")
        return self._process

    def _how(self) -> str:
        """How the process ended; it is gone afterwards."""
        assert self._process is not None
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL  # it answers nonsense: it is made to end
        self.close()
        if code < 0:
            with suppress(ValueError):
                return f"signal {signal.Signals(-code).name}"
        return f"status {code}"


def _all_of(
    entries: Sequence[Entry], found: dict[int, Record], guilty: Entry, text: str
) -> dict[int, Record]:
    """Records of all pairs of a reference that is given up."""
    error = f"{guilty.reference_shown}: {text}"
    return {
        k: _failed(entry, error)
        for k, entry in enumerate(entries)
        if k not in found and entry.reference_at == guilty.reference_at
    }


def _failed(entry: Entry, error: str) -> Record:
    from msds.results import Score

    return Score(entry.reference, entry.distorted, error=error).to_journal()
