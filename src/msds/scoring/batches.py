"""Images that wait for the trunk, in groups of equal size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msds.images import Image
from msds.scoring.sources import Source


@dataclass(eq=False)
class Waiting:
    """Pixels that wait for the trunk, and the files that hold them."""

    image: Image
    content: str
    sources: list[Source]


class Batches:
    """Groups of images that can pass through the trunk together; equal pixels wait once."""

    def __init__(self) -> None:
        self._groups: dict[tuple[int, int], dict[str, Waiting]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, source: Source, image: Image, content: str) -> None:
        """Let an image wait; `content` is a digest of its pixels."""
        group = self._groups.setdefault((image.height, image.width), {})
        group.setdefault(content, Waiting(image, content, [])).sources.append(source)

    def take(self, batch_size: Callable[[int, int], int]) -> list[Waiting]:
        """The images of the group that fills its batch best, as many as go into one."""
        size = max(self._groups, key=lambda s: len(self._groups[s]) / batch_size(*s))
        group = self._groups[size]
        batch = [group.pop(content) for content in list(group)[: batch_size(*size)]]
        if not group:
            del self._groups[size]
        return batch
