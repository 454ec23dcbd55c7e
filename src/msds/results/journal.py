"""The journal of a run: outcomes as they come, in a file that an interruption cannot spoil.

JSON Lines beside the output: a header that says what is being scored, then one line per finished
pair, each written at once. A line cut off by an interruption is dropped when the run resumes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from msds.errors import InputError
from msds.pairs import Plan
from msds.results.record import Outcome, Run, differing
from msds.text import printable

FORMAT = "msds-journal-1"
SYNC_SECONDS = 1.0
"""How much work a power cut may cost; a killed process loses none."""


class Journal:
    """Outcomes of the pairs of a plan, by row, on disk.

    Parameters
    ----------
    path : the journal; it is made if it does not exist.
    plan, run : what is being scored, and by what; a journal of anything else is refused.
    resume : whether to go on with a journal that is there; otherwise it is refused.

    Raises
    ------
    InputError
        If the journal belongs to another run, is in use, or cannot be read or written.
    """

    def __init__(self, path: Path, plan: Plan, run: Run, *, resume: bool = True) -> None:
        self.path = path
        self._offsets: dict[int, int] = {}
        self._synced = time.monotonic()
        header = {
            "format": FORMAT,
            "pairs": plan.digest,
            "model": run.model,
            "fingerprint": run.fingerprint,
            "settings": dict(run.settings),
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("a+b")
        except OSError as error:
            raise InputError(
                f"{printable(path)}: results cannot be written there ({error.strerror})."
            ) from error
        try:
            self._lock()
            if not resume:
                self._refuse_old()
            self._end = self._read(header, len(plan.pairs))
            self._file.truncate(self._end)
            if not self._end:
                self._append(header)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def rows(self) -> frozenset[int]:
        """Rows of the plan that are finished."""
        return frozenset(self._offsets)

    def add(self, row: int, outcome: Outcome) -> None:
        """Keep the outcome of one row."""
        if row in self._offsets:
            raise ValueError(f"row {row} is in the journal already")
        self._offsets[row] = self._end
        self._append({"row": row, **asdict(outcome)})

    def outcomes(self) -> Iterator[tuple[int, Outcome]]:
        """All outcomes in the order of the plan, read back from disk."""
        for row in sorted(self._offsets):
            self._file.seek(self._offsets[row])
            yield row, Outcome.from_dict(json.loads(self._file.readline()))

    def remove(self) -> None:
        """Delete the journal; its results are somewhere else now."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _append(self, content: dict[str, Any]) -> None:
        line = json.dumps(content).encode() + b"\n"
        self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._file.flush()
        self._end += len(line)
        if time.monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def _read(self, header: dict[str, Any], pairs: int) -> int:
        """Index the lines that are whole; returns where they end."""
        end = 0
        self._file.seek(0)
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n"):
                break
            try:
                content = json.loads(line)
                row = None if number == 1 else int(content["row"])
                if row is not None:
                    Outcome.from_dict(content)
            except (ValueError, KeyError, TypeError) as error:
                raise self._damaged(number) from error
            if row is None:
                self._compare(content, header)
            elif not 0 <= row < pairs or row in self._offsets:
                raise self._damaged(number)
            else:
                self._offsets[row] = end
            end += len(line)
        return end

    def _damaged(self, line: int) -> InputError:
        return InputError(
            f"{printable(self.path)}: line {line} is damaged; remove the file to start again."
        )

    def _compare(self, found: dict[str, Any], expected: dict[str, Any]) -> None:
        name = printable(self.path)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise InputError(f"{name} is not a journal of results; expected format {FORMAT!r}.")
        if found["fingerprint"] != expected["fingerprint"]:
            raise InputError(
                f"{name} was begun with another model: {found['model']}, fingerprint "
                f"{found['fingerprint'][:16]}; this is {expected['model']}, fingerprint "
                f"{expected['fingerprint'][:16]}."
            )
        if settings := differing(found["settings"], expected["settings"]):
            raise InputError(f"{name} was begun with other settings: {settings} differ.")
        if found["pairs"] != expected["pairs"]:
            raise InputError(
                f"{name} was begun with other pairs: the manifest or the folders have changed."
            )

    def _refuse_old(self) -> None:
        if self.path.stat().st_size:
            raise InputError(
                f"{printable(self.path)}: a run that wrote these results was interrupted; go on "
                "with --resume, or remove this file to start again."
            )

    def _lock(self) -> None:
        """Refuse a journal that another process writes; the lock ends with its process."""
        try:
            import fcntl
        except ImportError:  # Windows
            return
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{printable(self.path)}: another run is writing these results."
            ) from error
        except OSError:
            return  # file systems without locks
