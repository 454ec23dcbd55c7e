"""The engine over pairs of files, and a metric that counts what it encodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from msds.encoding import Encoding
from msds.encoding.whole import encode_whole
from msds.metric import MSDS
from msds.pairs import Pair
from msds.results import Score
from msds.scoring import Options, score_pairs
from msds.trunks import Trunk


def pair(root: Path, reference: str, distorted: str) -> Pair:
    """Two files of a folder."""
    return Pair(reference, distorted, root / reference, root / distorted)


def run(metric: MSDS, pairs: list[Pair], **options: object) -> list[Score]:
    """Outcomes in the order of the pairs, each of them once."""
    outcomes = list(score_pairs(metric, pairs, options=Options(**options)))  # type: ignore[arg-type]
    assert sorted(row for row, _ in outcomes) == list(range(len(pairs)))
    return [outcome for _, outcome in sorted(outcomes, key=lambda item: item[0])]


def scores(outcomes: list[Score]) -> list[float]:
    """Scores of outcomes, all of which have one."""
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    return [outcome.score for outcome in outcomes if outcome.score is not None]


class Counting(MSDS):
    """Counts the images that are encoded whole, and has memory for so many pixels at once only."""

    encoded = 0
    failures = 0
    limit = 10**9

    def whole(self, trunk: Trunk, images: torch.Tensor, *rest: Any, **options: Any) -> Encoding:
        if images.numel() // 3 > self.limit:
            self.failures += 1
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        self.encoded += len(images)
        return encode_whole(trunk, images, *rest, **options)
