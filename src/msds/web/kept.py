"""References that stay encoded between requests, because a request asked for it."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from msds.scoring.cache import Encoded


@dataclass(frozen=True)
class Known:
    """An image of which everything is known that a score needs.

    Attributes
    ----------
    name : that its sender gave it.
    encoded : it, encoded.
    sha256 : of the file.
    content : digest of its pixels.
    reading : settings with which it was read.
    """

    name: str
    encoded: Encoded
    sha256: str
    content: str = ""
    reading: tuple[tuple[str, str | int | None], ...] = ()


class Kept:
    """Known images by a name that nobody can guess; the one not used for longest leaves first.

    Parameters
    ----------
    most : of them.
    seconds : that one stays unused.
    clock : seconds that pass.
    """

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._all: OrderedDict[str, tuple[Known, float]] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            self._drop_old()
            return len(self._all)

    def put(self, known: Known) -> str:
        """Keep an image; returns its name here."""
        key = secrets.token_urlsafe(18)
        with self._lock:
            self._drop_old()
            self._all[key] = known, self._clock()
            while len(self._all) > self._most:
                self._all.popitem(last=False)
        return key

    def get(self, key: str) -> Known | None:
        """The image of this name, None if it is not here or not any more."""
        with self._lock:
            self._drop_old()
            found = self._all.pop(key, None)
            if found is None:
                return None
            self._all[key] = found[0], self._clock()
            return found[0]

    def drop(self, key: str) -> bool:
        """Forget an image; whether there was one."""
        with self._lock:
            return self._all.pop(key, None) is not None

    def _drop_old(self) -> None:
        oldest = self._clock() - self._seconds
        while self._all and next(iter(self._all.values()))[1] < oldest:
            self._all.popitem(last=False)
