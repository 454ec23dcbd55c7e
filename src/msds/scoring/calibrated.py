"""A metric of this package in a study, its scores calibrated by saliency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msds.pairs import Pair, Plan
from msds.results import Score
from msds.scoring.compare import calibrated
from msds.scoring.contenders import DeepContender
from msds.scoring.engine import Options
from msds.scoring.inputs import Reading

if TYPE_CHECKING:
    from torch import Tensor

    from msds.encoding import Encoding
    from msds.metric.saliency import Saliency

Planner = Callable[[Plan, tuple[Path, Path]], Plan]


class CalibratedContender(DeepContender):
    """The metric of a contender, of whose images only the salient parts count.

    Parameters
    ----------
    plain : the contender without saliency.
    saliency : which parts these are.
    planner : gives the pairs of a plan their maps, from the folders that references and distorted
        images lie below.
    """

    def __init__(self, plain: DeepContender, saliency: Saliency, planner: Planner) -> None:
        super().__init__(plain.metric, f"{plain.name}+{saliency}")
        self.learned_on = plain.learned_on
        self._saliency, self._planner = saliency, planner
        _, self._fingerprint = calibrated(plain.metric, saliency)

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), **self._saliency.settings}

    def described(self) -> dict[str, Any]:
        return {
            **super().described(),
            **self._saliency.settings,
            "fingerprint": self._fingerprint,
        }

    def planned(self, plan: Plan, root: Path) -> Plan:
        return self._planner(plan, (root, root))

    def encoded(self, pixels: Tensor) -> Encoding:
        mask = self._saliency.mask(pixels[0].cpu())
        return self.metric.encode(pixels, mask[None].to(pixels.device))

    def scores(
        self,
        pairs: Sequence[Pair],
        rows: Iterable[int],
        reading: Reading | None = None,
        options: Options | None = None,
    ) -> Iterator[tuple[int, Score]]:
        reading = replace(reading or Reading(), saliency=self._saliency)
        return super().scores(pairs, rows, reading, options)
