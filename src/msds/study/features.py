"""Levels from a pyramid of features instead of images, as an ablation.

The paper's abstract says that similarity is computed on every level of a pyramid, and this project
takes that of the image. A trunk could as well be run once, and its feature maps halved: every level
then sees what the trunk sees at full size, averaged over larger areas. That costs no further run
of the trunk, and shows whether it is the scale of the *image* that matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from msds.encoding import Encoding
from msds.encoding.checks import check_images
from msds.errors import InputError
from msds.images import Image
from msds.method.pyramid import pyramid
from msds.method.similarity import gram
from msds.metric.modules import MSDS
from msds.pairs import Pair
from msds.results import Score
from msds.scoring import Options, Reading
from msds.scoring.contenders import DeepContender
from msds.scoring.onebyone import compare_pairs


class FeaturePyramid(DeepContender):
    """A metric of this package whose levels are the trunk's features, halved again and again.

    Level 1 is that of the metric itself.

    Parameters
    ----------
    metric : its trunk, levels, filter (here of the features) and fusion are used.
    name : by default that of the metric, with what is different.
    """

    def __init__(self, metric: MSDS, name: str | None = None) -> None:
        super().__init__(metric, name or f"{metric.model_id}, levels of features")

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "pyramid": "features"}

    def described(self) -> dict[str, Any]:
        # The fingerprint is that of the metric, which these scores are not of.
        return {**self.metric.settings, "pyramid": "features"}

    def prepare(self, image: Image) -> Encoding:
        trunk = self.metric.trunk
        height, width = image.pixels.shape[-2:]
        try:
            levels = self.metric.levels_of(height, width)
            with torch.inference_mode():
                features = trunk(check_images(image.pixels[None].to(trunk.device)))
                maps = pyramid(features, levels, self.metric.filter)
                grams = tuple(gram(one) for one in maps)
        except InputError as error:
            raise InputError(f"{image.source}: {error}") from error
        positions = tuple(one.shape[-1] * one.shape[-2] for one in maps)
        return Encoding(grams, positions, height, width, trunk.digest, self.metric.filter)

    def scores(
        self,
        pairs: Sequence[Pair],
        rows: Iterable[int],
        reading: Reading | None = None,
        options: Options | None = None,
    ) -> Iterator[tuple[int, Score]]:
        # The engine encodes images, and not features.
        return compare_pairs(self, pairs, rows, reading or Reading(), options or Options())
