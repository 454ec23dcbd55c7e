"""Images from stores, brought to a worker's own disk some pairs ahead of what it scores."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from msds.cluster.entries import Entry
from msds.cluster.storage import fetch, is_local, local_path
from msds.errors import InputError
from msds.pairs import Pair
from msds.results import Score

PAIRS_AT_ONCE = 64
"""Pairs whose images lie on the worker's disk at a time, besides the next ones."""

THREADS = 16
"""Requests at a time."""

BYTES_PER_PIXEL = 16
"""No image needs more in its file: four samples of 32 bits."""

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def _prefix(process: int) -> str:
    """How the names of the folders begin that a process fetches images to."""
    return f"msds-images-{process}-"


def remove_fetched(process: int) -> None:
    """Remove what a process has fetched that was killed, which removes nothing itself."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix(process)}*"):
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Files:
    """The images of some pairs on this machine.

    Attributes
    ----------
    paths : where each location is found here.
    wrong : why a location is not there, for those that could not be fetched.
    """

    paths: dict[str, Path] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    def pair(self, entry: Entry) -> Pair:
        """The pair as the engine takes it."""
        return Pair(
            entry.reference,
            entry.distorted,
            self.paths[entry.reference_at],
            self.paths[entry.distorted_at],
            problem=entry.problem,
        )

    def named(self, score: Score, entry: Entry) -> Score:
        """A record whose error calls the images what the user does."""
        if score.error is None:
            return score
        text = score.error
        both = (
            (entry.reference_at, entry.reference_shown),
            (entry.distorted_at, entry.distorted_shown),
        )
        for location, shown in both:
            here = str(self.paths[location])
            if location in self.wrong:
                text = text.replace(f"{here}: no such file.", self.wrong[location])
            text = text.replace(here, shown)
        return replace(score, error=text)


class Fetcher:
    """Gives pairs with their files, those of the next pairs being fetched meanwhile.

    Parameters
    ----------
    max_pixels : of an image; a file that is longer than such a one can be is not fetched whole.
    """

    def __init__(self, max_pixels: int) -> None:
        self._most = BYTES_PER_PIXEL * max_pixels + (1 << 20)

    def chunks(self, entries: Sequence[Entry]) -> Iterator[tuple[int, Sequence[Entry], Files]]:
        """Parts of a block: where each begins in it, its pairs and their files."""
        remote = {
            location
            for entry in entries
            for location in (entry.reference_at, entry.distorted_at)
            if entry.problem is None and not is_local(location)
        }
        if not remote:
            yield 0, entries, self._files(entries, None, None)
            return
        ends = [*range(PAIRS_AT_ONCE, len(entries), PAIRS_AT_ONCE), len(entries)]
        parts = [(end - 1) // PAIRS_AT_ONCE * PAIRS_AT_ONCE for end in ends]
        with ThreadPoolExecutor(1) as ahead, ThreadPoolExecutor(THREADS) as threads:

            def begin(k: int) -> tuple[tempfile.TemporaryDirectory[str], Files]:
                folder = tempfile.TemporaryDirectory(prefix=_prefix(os.getpid()))
                part = entries[parts[k] : ends[k]]
                return folder, self._files(part, Path(folder.name), threads)

            coming = ahead.submit(begin, 0)
            for k, (start, end) in enumerate(zip(parts, ends, strict=True)):
                folder, files = coming.result()
                if end < len(entries):
                    coming = ahead.submit(begin, k + 1)
                with folder:
                    yield start, entries[start:end], files

    def _files(
        self, entries: Sequence[Entry], folder: Path | None, threads: ThreadPoolExecutor | None
    ) -> Files:
        """The files of some pairs, those fetched that lie elsewhere."""
        files, wanted = Files(), []
        for entry in entries:
            for location in (entry.reference_at, entry.distorted_at):
                if location in files.paths:
                    continue
                files.paths[location] = local_path(location)
                if folder is not None and not is_local(location) and entry.problem is None:
                    suffix = _SUFFIX.search(location)
                    name = f"{len(files.paths)}{suffix[0] if suffix else '.image'}"
                    files.paths[location] = folder / name
                    wanted.append(location)
        if threads is not None:
            reasons = threads.map(lambda one: self._fetch(one, files.paths[one]), wanted)
            found = zip(wanted, reasons, strict=True)
            files.wrong = {location: wrong for location, wrong in found if wrong is not None}
        return files

    def _fetch(self, location: str, path: Path) -> str | None:
        """Fetch one file; why it is not there, if it is not."""
        try:
            with path.open("wb") as file:
                fetch(location, file, self._most)
        except InputError as error:
            path.unlink(missing_ok=True)
            return str(error)
        return None
