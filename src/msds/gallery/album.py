"""Pictures of a run's images, made while it goes on or afterwards, each content once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from types import TracebackType
from typing import TYPE_CHECKING

from msds.errors import InputError, MSDSError
from msds.files import atomic_write, sha256_file
from msds.report.pictures import reduced, webp, within
from msds.text import printable

if TYPE_CHECKING:
    from msds.images import Regions

SMALL, LARGE = 160, 1024
"""Longest sides of the two pictures of an image, in pixels."""

_QUALITY = {SMALL: 80}
_USUAL_QUALITY = 92
_WAITING = 64

Opener = Callable[[Path], AbstractContextManager["Regions"]]


@dataclass(frozen=True)
class Picture:
    """The two sizes of an image, as WebP; None where they lie beside the page."""

    small: bytes | None = None
    large: bytes | None = None


class Album:
    """Makes pictures with several threads; a context manager that ends when all are made.

    Parameters
    ----------
    folder : where they are kept, by the content they show: what is there is not made again. None
        keeps them in memory, to stand inside the page.
    opens : how files are read, `msds.images.open_regions` with what the run read them with.
    kind : what else decides how they look, such as the settings of how files are read.
    large : longest side of the large ones.
    threads : that make them.

    Attributes
    ----------
    pictures : by key.
    problems : by file, why there is no picture of it.
    """

    def __init__(
        self,
        folder: Path | None = None,
        opens: Opener | None = None,
        kind: str = "",
        large: int = LARGE,
        threads: int | None = None,
    ) -> None:
        from msds.images import open_regions

        self.folder = folder
        self.large = large
        self.pictures: dict[str, Picture] = {}
        self.problems: dict[Path, str] = {}
        self._opens: Opener = opens or open_regions
        self._kind = kind
        self._pool = ThreadPoolExecutor(threads or min(4, os.cpu_count() or 1))
        self._room = BoundedSemaphore(_WAITING)
        self._keys: dict[Path, Future[str | None]] = {}

    def add(self, path: Path, digest: str | None = None) -> None:
        """Have the pictures of a file made, once; waits while very many are wanted.

        `digest` is that of the content that was scored: another content is not shown.
        """
        if path not in self._keys:
            self._room.acquire()
            self._keys[path] = self._pool.submit(self._made, path, digest)
            self._keys[path].add_done_callback(lambda _: self._room.release())

    def key(self, path: Path) -> str | None:
        """Key of the pictures of a file that was added, None if there are none; waits for it."""
        return self._keys[path].result() if path in self._keys else None

    def _made(self, path: Path, digest: str | None) -> str | None:
        try:
            found = sha256_file(path)
            if digest is not None and found != digest:
                raise InputError(f"{printable(path)} has changed since it was scored.")
            key = hashlib.sha256(f"{found} {self._kind} {self.large}".encode()).hexdigest()[:24]
            if key not in self.pictures:
                self.pictures[key] = self._drawn(path, key)
        except (MSDSError, OSError, MemoryError) as error:
            self.problems[path] = str(error)
            return None
        return key

    def _drawn(self, path: Path, key: str) -> Picture:
        if self.folder is None:
            return Picture(*self._both(path))
        files = [self.folder / f"{key}{end}.webp" for end in ("-small", "")]
        if not all(file.is_file() for file in files):
            for file, content in zip(files, self._both(path), strict=True):
                with atomic_write(file) as opened:
                    opened.write(content)
        return Picture()

    def _both(self, path: Path) -> tuple[bytes, bytes]:
        with self._opens(path) as regions:
            large = reduced(regions, self.large)
        return webp(within(large, SMALL), _QUALITY[SMALL]), webp(large, _USUAL_QUALITY)

    def __enter__(self) -> Album:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)
