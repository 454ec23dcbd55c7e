"""Who wants to know how far a run on a cluster is."""

from __future__ import annotations


class Follower:
    """Hears of a run as it goes; this one does nothing about it."""

    def planned(self, pairs: int, kept: int) -> None:
        """So many pairs there are, and so many of them were scored by an earlier run."""

    def finished(self, pairs: int, failed: int) -> None:
        """A file with the records of so many pairs is there; so many of them have no score."""
