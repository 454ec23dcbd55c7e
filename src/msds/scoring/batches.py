"""Images that wait for the trunk, in groups of equal size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor

from msds.images import Image

S = TypeVar("S")
"""What an image came from, and its encoding goes to."""


@dataclass(eq=False)
class Waiting(Generic[S]):
    """Pixels that wait for the trunk, and what they came from."""

    image: Image
    content: str
    sources: list[S]
    mask: Tensor | None = None


class Batches(Generic[S]):
    """Groups of images that can pass through the trunk together; equal pixels wait once."""

    def __init__(self) -> None:
        self._groups: dict[tuple[int, int], dict[str, Waiting[S]]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, source: S, image: Image, content: str, mask: Tensor | None = None) -> None:
        """Let an image wait; `content` is a digest of its pixels and its saliency mask.

        Either all images have a mask or none has.
        """
        group = self._groups.setdefault((image.height, image.width), {})
        group.setdefault(content, Waiting(image, content, [], mask)).sources.append(source)

    def take(self, batch_size: Callable[[int, int], int]) -> list[Waiting[S]]:
        """The images of the group that fills its batch best, as many as go into one."""
        size = max(self._groups, key=lambda s: len(self._groups[s]) / batch_size(*s))
        group = self._groups[size]
        batch = [group.pop(content) for content in list(group)[: batch_size(*size)]]
        if not group:
            del self._groups[size]
        return batch
