"""One image file of a run: what is known of it, who waits for it, and who still needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from msds.pairs import ImageFile
from msds.scoring.cache import Encoded
from msds.scoring.inputs import pixel_bytes


class State(Enum):
    """How far a file is."""

    UNREAD = auto()
    UNDER_WAY = auto()
    """It is being read, or its pixels wait for the trunk."""
    SETTLED = auto()
    """It is encoded, or known to be bad."""


@dataclass(eq=False)
class Source:
    """One image file.

    Attributes
    ----------
    file : where it lies, and where its saliency map does.
    uses : pairs that still need it.
    bytes : memory that its pixels take; none of those read in parts.
    in_parts : whether it is too large to be read whole.
    state : how far it is.
    admitted : pairs that need it and are being worked on.
    is_reference : whether it is one, so that a cache keeps it.
    waiting : rows that wait for it to be settled.
    sha256 : digest of the file, once it was read.
    saliency_sha256 : digest of its saliency map, if it has one.
    encoded, error : what came of it.
    seconds : spent on it and not yet counted for a pair.
    """

    file: ImageFile
    uses: int
    bytes: int
    in_parts: bool
    state: State = State.UNREAD
    admitted: int = 0
    is_reference: bool = False
    waiting: list[int] = field(default_factory=list)
    sha256: str | None = None
    saliency_sha256: str | None = None
    encoded: Encoded | None = None
    error: str | None = None
    seconds: float = 0.0

    @classmethod
    def of(cls, file: ImageFile, uses: int, most: int) -> Source:
        """A file that nobody has looked into yet but for its header; in parts if above `most`."""
        size = pixel_bytes(file.path)
        in_parts = size > most
        return cls(file, uses, 0 if in_parts else size, in_parts)

    @property
    def path(self) -> Path:
        """Where the image lies."""
        return self.file.path

    def settle(self, encoded: Encoded | None, error: str | None) -> list[int]:
        """What came of the file; returns the rows that waited for it."""
        self.state, self.encoded, self.error = State.SETTLED, encoded, error
        rows, self.waiting = self.waiting, []
        return rows

    def forget(self) -> None:
        """Drop the encoding; the file is read again when it is needed."""
        self.state, self.encoded = State.UNREAD, None

    def take_seconds(self) -> float:
        """Time spent since it was last asked for."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds
