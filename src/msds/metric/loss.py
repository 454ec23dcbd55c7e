"""The metrics as losses to train with: 1 minus the score, 0 for identical images.

The network inside is frozen: gradients flow through it to the images and never into it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recompute

from msds.encoding.checks import check_images
from msds.errors import InputError
from msds.metric.modules import MSDS, DeepSSIM, DeepSSIMLite, Encoding
from msds.trunks import Trunk

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from msds.metric.settings import MetricOptions, Normalize

Reduction: TypeAlias = Literal["none", "mean", "sum"]
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
OutOfRange: TypeAlias = Literal["clamp", "error"]
OUT_OF_RANGE: tuple[OutOfRange, ...] = get_args(OutOfRange)


class SimilarityLoss(nn.Module):
    """1 minus the score of a metric, as a loss.

    Parameters
    ----------
    metric : the metric, such as `msds.load_model("my-model.json")`; its trunk is shared, and its
        own check of the range of values is replaced by `out_of_range`.
    reduction : "mean" or "sum" over the batch, or "none" for (N,) losses.
    out_of_range : what to do with values of the prediction outside [0, 1]. "clamp" scores the
        clipped image, as it would be saved, and lets only those gradients through to a clipped
        value that lead it back into the range: it neither freezes there nor drifts away. "error"
        raises `InputError`. Targets outside [0, 1] are an error always.
    checkpoint : keep no activations of the trunk for the backward pass but compute them again:
        less memory for about a third more time.

    Notes
    -----
    Trunks may run in half precision under `torch.autocast`; Gram matrices and all that follows are
    float32. With float16, scale the loss (`torch.amp.GradScaler`), as for any loss. Under
    `torch.compile` the range of the targets is not looked at.
    """

    def __init__(
        self,
        metric: MSDS,
        *,
        reduction: Reduction = "mean",
        out_of_range: OutOfRange = "clamp",
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise InputError(
                f"Unknown reduction {reduction!r}: expected one of {', '.join(REDUCTIONS)}."
            )
        if out_of_range not in OUT_OF_RANGE:
            raise InputError(
                f"Unknown out_of_range {out_of_range!r}: expected {' or '.join(OUT_OF_RANGE)}."
            )
        # The caller's goes on checking, and with its own engine; the trunk's weights are shared.
        self.metric: MSDS = copy.copy(metric)
        self.metric._modules = dict(metric._modules)
        self.metric.check_range = False
        self.reduction = reduction
        self.out_of_range = out_of_range
        self.checkpoint = checkpoint

    if TYPE_CHECKING:  # torch says of calling a module that it gives anything

        def __call__(self, prediction: Tensor, target: Tensor | Encoding) -> Tensor:
            """As `forward`."""
            ...

    def forward(self, prediction: Tensor, target: Tensor | Encoding) -> Tensor:
        """Loss of predictions.

        Parameters
        ----------
        prediction : (N, 3, H, W) RGB tensor, meant to be in [0, 1].
        target : (N, 3, H, W) RGB tensor in [0, 1], or what `encode` made of one. Its N may be 1,
            and its height and width may differ from the prediction's.

        Returns
        -------
        Scalar for "mean" and "sum", (N,) tensor for "none"; 0 means identical, float32 or float64.

        Raises
        ------
        InputError
            If the tensors are not of this form, too small for the levels, or out of range.
        """
        if not isinstance(target, Encoding):
            target = self._encode_target(target)
        prediction = check_images(prediction, check_range=self.out_of_range == "error")
        shown: Tensor = _ToRange.apply(prediction)  # type: ignore[no-untyped-call]
        losses = 1 - self.metric.compare(target, self._encode(shown))
        if self.reduction == "none":
            return losses
        return losses.mean() if self.reduction == "mean" else losses.sum()

    @torch.no_grad()
    def encode(self, target: Tensor) -> Encoding:
        """Encode (N, 3, H, W) targets once, to be given to `forward` as often as needed."""
        return self._encode_target(target)

    def _encode_target(self, target: Tensor) -> Encoding:
        return self._encode(check_images(target))

    def _encode(self, images: Tensor) -> Encoding:
        if self.checkpoint and images.requires_grad:
            encoding: Encoding = recompute(self.metric.encode, images, use_reentrant=False)
            return encoding
        return self.metric.encode(images)

    def extra_repr(self) -> str:
        return (
            f"reduction={self.reduction!r}, out_of_range={self.out_of_range!r}, "
            f"checkpoint={self.checkpoint}"
        )


class MSDSLoss(SimilarityLoss):
    """1 - MSDS: structure on every level of the pyramid.

    Parameters
    ----------
    trunk : as of `msds.MSDS`.
    reduction, out_of_range, checkpoint : as of `SimilarityLoss`.
    options : levels, weights, fusion, filter, normalize, small, trunk_weights, as of `msds.MSDS`;
        `weights` says how much each level counts.
    """

    def __init__(
        self,
        trunk: str | Trunk = "compact",
        *,
        reduction: Reduction = "mean",
        out_of_range: OutOfRange = "clamp",
        checkpoint: bool = False,
        **options: Unpack[MetricOptions],
    ) -> None:
        super().__init__(
            MSDS(trunk, **options),
            reduction=reduction,
            out_of_range=out_of_range,
            checkpoint=checkpoint,
        )


class DeepSSIMLoss(SimilarityLoss):
    """1 - DeepSSIM, the form with 4 x 4 blocks, at full size.

    Parameters
    ----------
    trunk, normalize, trunk_weights : as of `msds.DeepSSIM`.
    reduction, out_of_range, checkpoint : as of `SimilarityLoss`.
    """

    def __init__(
        self,
        trunk: str | Trunk = "compact",
        *,
        normalize: Normalize = "none",
        trunk_weights: str | None = None,
        reduction: Reduction = "mean",
        out_of_range: OutOfRange = "clamp",
        checkpoint: bool = False,
    ) -> None:
        metric = DeepSSIM(trunk, normalize=normalize, trunk_weights=trunk_weights)
        super().__init__(
            metric, reduction=reduction, out_of_range=out_of_range, checkpoint=checkpoint
        )


class DeepSSIMLiteLoss(SimilarityLoss):
    """1 - DeepSSIM-Lite: one block over Gram matrices divided by C h w, as its authors train with.

    Source: arXiv 2412.19553. Parameters as of `DeepSSIMLoss`, without `normalize`.
    """

    def __init__(
        self,
        trunk: str | Trunk = "compact",
        *,
        trunk_weights: str | None = None,
        reduction: Reduction = "mean",
        out_of_range: OutOfRange = "clamp",
        checkpoint: bool = False,
    ) -> None:
        metric = DeepSSIMLite(trunk, trunk_weights=trunk_weights)
        super().__init__(
            metric, reduction=reduction, out_of_range=out_of_range, checkpoint=checkpoint
        )


class _ToRange(torch.autograd.Function):
    """Clip to [0, 1]; of the gradient at clipped values, keep what leads back into the range."""

    generate_vmap_rule = True

    @staticmethod
    def forward(images: Tensor) -> Tensor:
        return images.clamp(0, 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (images,) = ctx.saved_tensors
        # A descent step goes against the gradient: a negative one makes the value greater.
        outwards = ((images > 1) & (gradient < 0)) | ((images < 0) & (gradient > 0))
        return gradient.masked_fill(outwards, 0)
