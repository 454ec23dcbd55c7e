"""Encodings that nobody needs just now, kept as far as there is room."""

from __future__ import annotations

from collections import OrderedDict

from msds.scoring.sources import Source


class Shelf:
    """Sources whose encodings later pairs will need; the one put here first leaves first.

    Parameters
    ----------
    room : bytes that they may take.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._taken = 0
        self._sources: OrderedDict[Source, int] = OrderedDict()

    def put(self, source: Source) -> None:
        """Keep a source's encoding, and drop others where there is no room."""
        if source.encoded is None:
            return
        self._sources[source] = source.encoded.bytes
        self._taken += source.encoded.bytes
        while self._taken > self._room:
            oldest, size = self._sources.popitem(last=False)
            self._taken -= size
            oldest.forget()

    def take(self, source: Source) -> None:
        """Somebody needs it, if it is here."""
        self._taken -= self._sources.pop(source, 0)
