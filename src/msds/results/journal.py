"""The journal of a run: records as they come, in a file that an interruption cannot spoil.

JSON Lines beside the output: a header that says by what is being scored, then one line per finished
pair, each written at once and each with a checksum. A line cut off by an interruption is dropped
when the run resumes, and one whose checksum is wrong is as if it were not there.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import zlib
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.locks import IN_USE, try_to_lock
from msds.pairs import Pair, Plan
from msds.results.record import Run, Score, differing
from msds.text import printable

FORMAT = "msds-journal-2"
FORMER = "msds-journal-1"
"""Without checksums; rows are told by their number in a plan that must be the same."""

SYNC_SECONDS = 1.0
"""How much work a power cut may cost; a killed process loses none."""

_CHECKED = re.compile(rb'\{"crc32": "([0-9a-f]{8})", (.*\})\n', re.DOTALL)
_NOBODY = Pair("", "", Path(), Path())
_FORMER_KEYS = frozenset(("row", *Score("", "").to_journal())) - {"reference", "distorted"}


class Journal:
    """Records of the pairs of a plan on disk.

    A pair is known by the names of its images, so that a plan may have grown, or have another
    order, since the journal was begun. Of several records of a pair the last one counts.

    Parameters
    ----------
    path : the journal; it is made if it does not exist.
    plan, run : what is being scored, and by what; a journal of another run is refused.
    resume : whether to go on with a journal that is there; otherwise it is refused.

    Attributes
    ----------
    others : names of pairs that are in the journal and not in the plan.
    damaged : lines that are not what was written.

    Raises
    ------
    InputError
        If the journal belongs to another run, is in use, or cannot be read or written.
    """

    def __init__(self, path: Path, plan: Plan, run: Run, *, resume: bool = True) -> None:
        self.path = path
        self.others: list[tuple[str, str]] = []
        self.damaged: int = 0
        self._plan, self._run = plan, run
        self._rows: dict[tuple[str, str], list[int]] = {}
        for row, pair in enumerate(plan.pairs):
            self._rows.setdefault((pair.reference, pair.distorted), []).append(row)
        self._offsets: dict[int, int] = {}
        self._synced = time.monotonic()
        self._file = _opened(path)
        try:
            self._lock()
            if not resume:
                self._refuse_old()
            self._end = self._read()
            self._file.truncate(self._end)
            if not self._end:
                self._append({"format": FORMAT, **_described(run)})
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

    def add(self, row: int, score: Score) -> None:
        """Keep the record of one row, with columns that the plan does not know."""
        self._offsets[row] = self._end
        planned = self._plan.pairs[row].columns
        found = {name: value for name, value in score.columns.items() if name not in planned}
        self._append(score.to_journal() | ({"columns": found} if found else {}))

    def scores(self) -> Iterator[tuple[int, Score]]:
        """All records in the order of the plan, read back from disk."""
        with self.path.open("rb") as file:
            for row in sorted(self._offsets):
                file.seek(self._offsets[row])
                content = record_of(file.readline(), former=True)
                if content is not None:
                    yield row, Score.of(self._plan.pairs[row], self._run, content)

    def remove(self) -> None:
        """Delete the journal; its results are somewhere else now."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _append(self, content: Mapping[str, Any]) -> None:
        line = line_of(content)
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) :]
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise InputError(
                f"{printable(self.path)}: results cannot be written ({error.strerror or error})."
            ) from error
        self._end += len(line)

    def _read(self) -> int:
        """Index the lines that are whole; returns where they end."""
        end = 0
        former = False
        with self.path.open("rb") as file:
            for number, line in enumerate(file):
                if not line.endswith(b"\n"):
                    break
                if number == 0:
                    former = self._check_header(_header(line))
                elif not self._index(line, end, former):
                    break
                end += len(line)
        return end

    def _check_header(self, found: Mapping[str, Any]) -> bool:
        """Refuse the journal of another run; returns whether it is one of the former format."""
        name = printable(self.path)
        expected = _described(self._run)
        former = found.get("format") == FORMER
        if found.get("format") not in (FORMAT, FORMER):
            raise InputError(
                f"{name} is not a journal of results, or its first line is damaged; expected "
                f"format {FORMAT!r}; remove the file to start again."
            )
        for key in (*expected, "pairs") if former else expected:
            if type(found.get(key)) is not type(expected.get(key, "")):
                raise InputError(
                    f"{name} is not a whole journal: its first line has no {key!r}; remove the "
                    "file to start again."
                )
        if found["fingerprint"] != expected["fingerprint"]:
            raise InputError(
                f"{name} was begun with another model: {found['model']}, fingerprint "
                f"{str(found['fingerprint'])[:16]}; this is {expected['model']}, fingerprint "
                f"{expected['fingerprint'][:16]}."
            )
        if settings := differing(found["settings"], expected["settings"]):
            raise InputError(f"{name} was begun with other settings: {settings} differ.")
        if former and found["pairs"] != self._plan.digest:
            raise InputError(
                f"{name} was begun with other pairs: the manifest or the folders have changed; "
                "this journal of an earlier version cannot go on with them."
            )
        return former

    def _index(self, line: bytes, offset: int, former: bool) -> bool:
        """Remember where the records of a line's pair are, if the line is as it was written.

        Returns
        -------
        Whether what is behind this line counts.
        """
        content = record_of(line, former)
        if content is None:
            self.damaged += 1
            return True
        if "row" in content:
            rows = [content["row"]] if content["row"] in range(len(self._plan.pairs)) else []
        else:
            names = str(content.get("reference")), str(content.get("distorted"))
            rows = self._rows.get(names, [])
            if not rows:
                self.others.append(names)
        self._offsets.update(dict.fromkeys(rows, offset))
        return True

    def _refuse_old(self) -> None:
        if self.path.stat().st_size:
            raise InputError(
                f"{printable(self.path)}: a run that wrote these results was interrupted; go on "
                "with --resume, or remove this file to start again."
            )

    def _lock(self) -> None:
        """Refuse a journal that another process writes; the lock ends with its process."""
        if sys.platform == "win32":  # where a locked file could not be read
            return
        if not try_to_lock(self._file):
            raise InputError(f"{printable(self.path)}: {IN_USE}")


def _opened(path: Path) -> FileIO:
    """The file to append to, each line at once."""
    name = printable(path)
    if path.exists() and not path.is_file():
        raise InputError(f"{name}: this is no regular file; results cannot be written there.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileIO(path, "a+")
    except OSError as error:
        raise InputError(f"{name}: results cannot be written there ({error.strerror}).") from error


def _described(run: Run) -> dict[str, Any]:
    return {
        "model": run.model,
        "fingerprint": run.fingerprint,
        "settings": dict(run.settings),
    }


def line_of(content: Mapping[str, Any]) -> bytes:
    """A line of a journal, which tells whether it is as it was written."""
    text = json.dumps(content).encode()[1:]
    return b'{"crc32": "%08x", %b\n' % (zlib.crc32(text), text)


def _header(line: bytes) -> dict[str, Any]:
    """What the first line says; nothing if it is damaged."""
    content = _checked(line)
    if content is None:
        content = _parsed(line)
        if content is None or content.get("format") != FORMER:
            return {}
    return content


def record_of(line: bytes, former: bool = False) -> dict[str, Any] | None:
    """What a later line says, or None if it is damaged; without a checksum, what is possible."""
    content = _checked(line)
    if content is None and former:
        content = _parsed(line)
        if content is not None and content.keys() != _FORMER_KEYS:
            return None
    if content is None or not isinstance(content.get("score"), (int, float, type(None))):
        return None
    try:
        Score.of(_NOBODY, Run(), content)
    except (KeyError, TypeError, ValueError):
        return None
    return content


def _checked(line: bytes) -> dict[str, Any] | None:
    match = _CHECKED.fullmatch(line)
    if match is None or zlib.crc32(match[2]) != int(match[1], 16):
        return None
    return _parsed(b"{" + match[2])


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def read_record(line: bytes) -> dict[str, Any] | None:
    """What a line holds that was written with a checksum, or None if it is damaged."""
    return _checked(line)
