"""Metrics as a sweep uses them: the model whose score leads a row, and those beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from msds.encoding.plan import should_tile
from msds.engines.threads import computing_threads, own_threads
from msds.errors import MSDSError
from msds.scoring.cache import Encoded
from msds.scoring.compare import Compared, compare
from msds.text import reason

if TYPE_CHECKING:
    from msds.encoding.encoder import Encoder
    from msds.images import Image
    from msds.metric.modules import MSDS
    from msds.scoring.contenders import Contender

TOGETHER = 4
"""Images in a batch of one thread: fewer, and small levels cost more than they must; more, and the
maps of the first level leave the cache (measured)."""


class Lead:
    """The model whose score leads a row; it takes several images at once.

    Parameters
    ----------
    metric : on the device where it computes.
    budget : bytes of working memory of its trunk.
    threads : of the sweep, in which it may compute side by side.

    Attributes
    ----------
    at_once : how many batches may be computed side by side.
    """

    def __init__(self, metric: MSDS, budget: int, threads: int = 1) -> None:
        self.metric = metric
        self.at_once = min(threads, torch.get_num_threads())
        self._encoder: Encoder = metric.encoder(budget)
        self._small: Encoder | None = None
        trunk = metric.trunk
        # A chain, and engines that stand in for one, can be used by several threads at once.
        if trunk.device.type == "cpu" and trunk.reference_chain is not None and own_threads():
            self._small = metric.encoder(budget // self.at_once)

    def threads(self, count: int) -> ThreadPoolExecutor:
        """Threads that encode and decode, and in which `aside` may be true."""
        if self._small is not None:
            return computing_threads(count, 1, "msds-encode")
        return ThreadPoolExecutor(count, thread_name_prefix="msds-encode")

    def aside(self, image: Image) -> bool:
        """Whether images of this size are encoded by several threads at once, each its own."""
        if self._small is None:
            return False
        return not should_tile(image.height, image.width, self.metric.trunk, self._small.budget)

    def _encoder_of(self, image: Image) -> Encoder:
        return self._small if self._small is not None and self.aside(image) else self._encoder

    def batch_size(self, image: Image) -> int:
        """How many images of this size it takes at once."""
        most = self._encoder_of(image).batch_size(image.height, image.width)
        return min(most, TOGETHER) if self.aside(image) else most

    def encode(self, images: Sequence[Image]) -> list[Encoded]:
        """What is kept of images of one size."""
        found = self._encoder_of(images[0]).encode([image.pixels for image in images])
        return [Encoded(one, image.notes) for one, image in zip(found, images, strict=True)]

    def compare(self, reference: Encoded, distorted: Encoded) -> Compared:
        """Score, levels and notes of two of them."""
        return compare(self.metric, reference, distorted)


@dataclass(frozen=True)
class Beside:
    """A metric whose score stands in a column of its own.

    Attributes
    ----------
    column : its name.
    contender : the metric; a higher score is a better one.
    """

    column: str
    contender: Contender

    def score(self, reference: Any, image: Image) -> float:
        """The score of an image against a prepared reference.

        Raises
        ------
        MSDSError
            If there is none.
        """
        numbers = self.contender.compare(reference, self.contender.prepare(image))
        value = float(self.contender.fuse(np.array([numbers], dtype=np.float64))[0])
        if not math.isfinite(value):
            raise MSDSError(f"{self.column} gave {value}; expected a number.")
        return value

    def note(self, error: Exception) -> str:
        """Why there is no score, for the notes of a row."""
        return f"no {self.column}: {reason(error)}"
