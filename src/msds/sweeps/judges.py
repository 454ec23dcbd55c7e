"""Metrics as a sweep uses them: the model whose score leads a row, and those beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from msds.errors import MSDSError
from msds.scoring.cache import Encoded
from msds.scoring.compare import Compared, compare
from msds.text import reason

if TYPE_CHECKING:
    from msds.encoding.encoder import Encoder
    from msds.images import Image
    from msds.metric.modules import MSDS
    from msds.scoring.contenders import Contender


class Lead:
    """The model whose score leads a row; it takes several images at once.

    Parameters
    ----------
    metric : on the device where it computes.
    budget : bytes of working memory of its trunk.
    """

    def __init__(self, metric: MSDS, budget: int) -> None:
        self.metric = metric
        self._encoder: Encoder = metric.encoder(budget)

    def batch_size(self, image: Image) -> int:
        """How many images of this size it takes at once."""
        return self._encoder.batch_size(image.height, image.width)

    def encode(self, images: Sequence[Image]) -> list[Encoded]:
        """What is kept of images of one size."""
        found = self._encoder.encode([image.pixels for image in images])
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
