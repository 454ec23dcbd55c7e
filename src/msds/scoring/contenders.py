"""What is measured, behind one small interface: a metric of this package, a classic one, anybody's.

An image is prepared once, however many others it is compared with, and `fuse` turns the numbers of
comparisons into scores, which are higher for better images. `scores` does it for pairs of files: by
the engine where it can, else one pair after the other, and a bad file costs its own rows.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.results import Run, Score
from msds.scoring.engine import Options, score_pairs
from msds.scoring.inputs import Reading
from msds.scoring.onebyone import compare_pairs

if TYPE_CHECKING:
    from pathlib import Path

    from msds.encoding import Encoding
    from msds.images import Image
    from msds.metric.modules import MSDS

Array = NDArray[np.float64]


class Contender(ABC):
    """A metric that takes part in a study or a sweep.

    Attributes
    ----------
    name : what tables call it.
    columns : names of the numbers that a comparison gives, such as one per level.
    concurrent : whether several threads may prepare and compare at once.
    learned_on : records of the rated sets that its weights were learned on, where known.
    """

    name: str
    columns: tuple[str, ...]
    concurrent = False
    learned_on: Sequence[Mapping[str, Any]] = ()

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything besides the images that decides the numbers, as JSON-able values."""

    @abstractmethod
    def prepare(self, image: Image) -> Any:
        """What is kept of an image."""

    @abstractmethod
    def compare(self, reference: Any, distorted: Any) -> tuple[float, ...]:
        """The numbers of one pair, one per column; fewer for images too small for all."""

    def fuse(self, table: Array) -> Array:
        """(n,) scores from the (n, K) numbers of n pairs."""
        return table[:, 0]

    def described(self) -> dict[str, Any]:
        """All settings, also those that come after the numbers, as reports show them."""
        return self.settings()

    def planned(self, plan: Plan, root: Path) -> Plan:
        """The pairs of a set with what this contender needs besides, such as saliency maps.

        Parameters
        ----------
        plan : pairs without it.
        root : folder of the set.
        """
        del root
        return plan

    @property
    def key(self) -> str:
        """SHA-256 over the settings: which kept numbers are this contender's."""
        text = json.dumps(self.settings(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def run(self) -> Run:
        """What all records of this contender's numbers have in common."""
        return Run(self.name, self.key, {**self.settings(), "levels": len(self.columns)})

    def scores(
        self,
        pairs: Sequence[Pair],
        rows: Iterable[int],
        reading: Reading | None = None,
        options: Options | None = None,
    ) -> Iterator[tuple[int, Score]]:
        """Records of pairs of files in no certain order; their `levels` are the numbers."""
        return compare_pairs(self, pairs, rows, reading or Reading(), options or Options())


class DeepContender(Contender):
    """A metric of this package; its numbers are the scores of its levels.

    Parameters
    ----------
    metric : on the device where it shall run.
    name : by default the metric's model id.
    """

    def __init__(self, metric: MSDS, name: str | None = None) -> None:
        self.metric = metric
        self.name: str = name or metric.model_id
        self.columns: tuple[str, ...] = tuple(
            f"level {level + 1}" for level in range(metric.levels)
        )

    def settings(self) -> dict[str, Any]:
        # Weights and fusion come after the numbers that are kept.
        left_out = ("weights", "fusion")
        return {k: v for k, v in self.metric.settings.items() if k not in left_out}

    def described(self) -> dict[str, Any]:
        return {**self.metric.settings, "fingerprint": self.metric.fingerprint}

    def prepare(self, image: Image) -> Encoding:
        device = self.metric.trunk.device
        with torch.inference_mode():
            try:
                return self.encoded(image.pixels[None].to(device))
            except InputError as error:
                raise InputError(f"{image.source}: {error}") from error

    def encoded(self, pixels: Tensor) -> Encoding:
        """The encoding of a (1, 3, H, W) image that is where the trunk is."""
        return self.metric.encode(pixels)

    def compare(self, reference: Encoding, distorted: Encoding) -> tuple[float, ...]:
        with torch.inference_mode():
            levels = self.metric.level_scores(reference, distorted)[0]
        return tuple(float(value) for value in levels)

    def fuse(self, table: Array) -> Array:
        scores = np.full(len(table), np.nan)
        counts = np.isfinite(table).sum(axis=1)
        for count in np.unique(counts[counts > 0]):
            rows = counts == count
            levels = torch.from_numpy(np.ascontiguousarray(table[rows, :count]))
            with torch.inference_mode():
                scores[rows] = self.metric.fuse(levels).numpy()
        return scores

    def scores(
        self,
        pairs: Sequence[Pair],
        rows: Iterable[int],
        reading: Reading | None = None,
        options: Options | None = None,
    ) -> Iterator[tuple[int, Score]]:
        return score_pairs(self.metric, pairs, rows=rows, reading=reading, options=options)
