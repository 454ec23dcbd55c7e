"""A torchmetrics metric: scores gathered over batches and processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from msds.errors import InputError, require
from msds.metric.loss import REDUCTIONS, Reduction
from msds.metric.modules import MSDS
from msds.models import DEFAULT_MODEL, load_model

require("torchmetrics", "torchmetrics")

from torchmetrics import Metric  # noqa: E402
from torchmetrics.utilities.data import dim_zero_cat  # noqa: E402

if TYPE_CHECKING:
    from torchmetrics.utilities.plot import _AX_TYPE, _PLOT_OUT_TYPE


class DeepStructuralSimilarity(Metric):
    """MSDS, DeepSSIM or DeepSSIM-Lite of all images seen since the last reset.

    Parameters
    ----------
    model : id of a model, path of a model file, or a metric such as `msds.MSDS("vgg16")`.
    reduction : "mean" or "sum" of the scores, or "none" for all of them, (N,).
    options : of `torchmetrics.Metric`, such as `sync_on_compute`.

    Raises
    ------
    InputError
        For an unknown reduction, and from `update` for images the metric cannot take.
    """

    is_differentiable: bool = True
    higher_is_better: bool = True
    full_state_update: bool = False
    plot_lower_bound: float = 0.0
    plot_upper_bound: float = 1.0

    scores: list[Tensor]
    total: Tensor
    count: Tensor

    def __init__(
        self,
        model: str | os.PathLike[str] | MSDS = DEFAULT_MODEL,
        *,
        reduction: Reduction = "mean",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if reduction not in REDUCTIONS:
            raise InputError(
                f"Unknown reduction {reduction!r}: expected one of {', '.join(REDUCTIONS)}."
            )
        self.reduction = reduction
        self.model: MSDS = model if isinstance(model, MSDS) else load_model(model)
        if reduction == "none":
            self.add_state("scores", default=[], dist_reduce_fx="cat")
        else:
            zero = torch.tensor(0.0, dtype=torch.float64)
            self.add_state("total", default=zero, dist_reduce_fx="sum")
            self.add_state("count", default=torch.tensor(0), dist_reduce_fx="sum")

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Score (N, 3, H, W) images in [0, 1] against their references, of the same number."""
        if len(preds) != len(target):
            raise InputError(
                f"Every image needs its reference: got {len(preds)} images and {len(target)} "
                "references."
            )
        scores = self.model(target, preds)
        if self.reduction == "none":
            self.scores.append(scores)
        else:
            self.total = self.total + scores.sum()
            self.count = self.count + scores.shape[0]

    def compute(self) -> Tensor:
        """Mean or sum of the scores, a scalar; or all of them."""
        if self.reduction == "none":
            return dim_zero_cat(self.scores) if len(self.scores) else torch.empty(0)
        return (self.total / self.count if self.reduction == "mean" else self.total).float()

    def plot(
        self, val: Tensor | Sequence[Tensor] | None = None, ax: _AX_TYPE | None = None
    ) -> _PLOT_OUT_TYPE:
        """Plot one value or several, by default what `compute` gives now."""
        return self._plot(val, ax)
