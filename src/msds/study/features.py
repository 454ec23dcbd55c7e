"""Levels from a pyramid of features instead of images, as an ablation.

The paper's abstract says that similarity is computed on every level of a pyramid, and this project
takes that of the image. A trunk could as well be run once, and its feature maps halved: every level
then sees what the trunk sees at full size, averaged over larger areas. That costs no further run
of the trunk, and shows whether it is the scale of the *image* that matters.
"""

from __future__ import annotations

from typing import Any

import torch

from msds.encoding import Encoding
from msds.encoding.checks import check_images
from msds.method.pyramid import pyramid
from msds.method.similarity import gram
from msds.metric.modules import MSDS
from msds.scoring.contenders import Contender, DeepContender


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

    def encoded(self, pixels: torch.Tensor) -> Encoding:
        trunk = self.metric.trunk
        height, width = pixels.shape[-2:]
        levels = self.metric.levels_of(height, width)
        maps = pyramid(trunk(check_images(pixels)), levels, self.metric.filter)
        grams = tuple(gram(one) for one in maps)
        positions = tuple(one.shape[-1] * one.shape[-2] for one in maps)
        return Encoding(grams, positions, height, width, trunk.digest, self.metric.filter)

    # The engine encodes images, and not features: pair by pair, as metrics of others.
    scores = Contender.scores
