"""Room for pixels that wait for the model."""

from __future__ import annotations

import threading


class Room:
    """So many bytes; who wants more waits until others have given theirs back.

    Parameters
    ----------
    size : in bytes. What is larger by itself is let in when nothing else is there.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._changed = threading.Condition()
        self.taken: int = 0

    def take(self, count: int) -> None:
        """Wait for room."""
        with self._changed:
            self._changed.wait_for(lambda: not self.taken or self.taken + count <= self._size)
            self.taken += count

    def add(self, count: int) -> None:
        """Take room without waiting, for what belongs to something that has some."""
        with self._changed:
            self.taken += count

    def give(self, count: int) -> None:
        """Give room back."""
        with self._changed:
            self.taken -= count
            self._changed.notify_all()
