"""The metrics as modules: DeepSSIM, DeepSSIM-Lite and MSDS.

An image is encoded once (its Gram matrix on every level) and compared as often as needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from msds.encoding import Encoding as Encoding
from msds.encoding.checks import better_together
from msds.encoding.encoder import Encoder, encode
from msds.encoding.levels import Small
from msds.encoding.streamed import RegionReader
from msds.errors import InputError
from msds.method.fusion import Form
from msds.method.pyramid import Filter, minimum_side
from msds.method.similarity import BLOCK, block_similarity, lite_similarity, normalized
from msds.metric.configured import Configured, numbers
from msds.metric.settings import Normalize, Settings
from msds.trunks import Trunk, load_trunk

if TYPE_CHECKING:
    from typing_extensions import Self

    from msds.engines import Engine, Precision
    from msds.metric.maps import Kind, QualityMap


class MSDS(Configured):
    """Deep structural similarity with multiscale representation.

    DeepSSIM is computed independently on every level of an image pyramid, and the scores are fused
    by global weights. The method is that of arXiv 2604.19159; number of levels, pyramid filter and
    form of the fusion are reconstructions (see docs/method.md).

    Parameters
    ----------
    trunk : name for `msds.trunks.load_trunk`, or a `Trunk` (wrap your own module in `ModuleTrunk`).
    levels : levels of the pyramid; the shorter side must be at least stride * 2^(levels - 1)
        pixels.
    weights : one weight per level, on the simplex; by default those learned for the trunk
        (`msds.metric.learned.LEARNED`), and equal ones where none have been learned.
    fusion : "linear" or "geometric".
    filter : the pyramid's down-sampling filter, see `msds.method.pyramid.FILTERS`.
    normalize : "none" as published, or "positions" (our extension for images of different sizes).
    small : "error" for images too small for all levels, or "fewer-levels" to use the levels they
        have, with the weights of these scaled to sum to 1.
    trunk_weights : file of weights for a trunk given by name, or "random".
    check_range : raise an error for values outside [0, 1]; switch off only where the cost of
        looking matters and the input is known.
    learn_weights : hold the weights of the levels as one parameter, `level_logits`, whose softmax
        they are, so that an optimizer can learn them from `weights` on. Everything else stays
        frozen.

    Attributes
    ----------
    model_id : name of the metric and its trunk, with every setting that is not the default.
    configuration : all settings, as one record.
    level_logits : (levels,) parameter if the weights are to be learned, else None.

    Notes
    -----
    Always in evaluation mode, and frozen but for weights that are to be learned. Higher is better,
    1 means identical. Under autocast and with half-precision features, everything from the Gram
    matrix on is float32.
    """

    higher_is_better = True
    is_differentiable = True
    kind = "msds"

    def __init__(
        self,
        trunk: str | Trunk = "compact",
        *,
        levels: int = 4,
        weights: Sequence[float] | None = None,
        fusion: Form = "linear",
        filter: Filter = "average",
        normalize: Normalize = "none",
        small: Small = "error",
        trunk_weights: str | None = None,
        check_range: bool = True,
        learn_weights: bool = False,
    ) -> None:
        chosen = None if weights is None else numbers(weights)
        settings = Settings(self.kind, levels, chosen, fusion, filter, normalize, small)
        if isinstance(trunk, nn.Module) and not isinstance(trunk, Trunk):
            raise InputError(
                f"A {type(trunk).__name__} is no trunk: wrap it in msds.trunks.ModuleTrunk."
            )
        used = trunk if isinstance(trunk, Trunk) else load_trunk(trunk, trunk_weights)
        if used.channels % BLOCK:
            raise InputError(
                f"Trunk {used.name!r} has {used.channels} channels; expected a multiple of {BLOCK}."
            )
        super().__init__(settings, used, learn_weights)
        self._pyramid = settings.pyramid
        self.check_range = check_range

    def set_engine(self, engine: Engine = "auto", precision: Precision = "float32") -> Self:
        """Compute the features by another engine; scores stay within 1e-4 in float32.

        Parameters
        ----------
        engine, precision : as of `msds.engines.open_engine`. Engines other than "torch" work on the
            CPU and give no gradients. A reduced precision changes `model_id` and `fingerprint`.

        Raises
        ------
        InputError
            If the engine, or the engine in this precision, does not exist or cannot run the trunk.
        MissingExtraError
            If the engine's library is not installed.
        """
        from msds.engines import open_engine  # stands on the trunks alone, but is rarely needed

        self.trunk: Trunk = open_engine(self.trunk, engine, precision)
        return self

    @property
    def engine(self) -> str:
        """What computes the features, with its version, as in "ncnn float32 (ncnn 1.0)"."""
        return self.trunk.description

    if TYPE_CHECKING:  # torch says of calling a module that it gives anything

        def __call__(
            self,
            reference: Tensor,
            distorted: Tensor,
            *,
            reference_mask: Tensor | None = None,
            distorted_mask: Tensor | None = None,
        ) -> Tensor:
            """As `forward`."""
            ...

    def forward(
        self,
        reference: Tensor,
        distorted: Tensor,
        *,
        reference_mask: Tensor | None = None,
        distorted_mask: Tensor | None = None,
    ) -> Tensor:
        """Scores of pairs.

        Parameters
        ----------
        reference, distorted : (N, 3, H, W) RGB tensors, floating in [0, 1] or integer of full
            range. Their sizes may differ. N of one of them may be 1.
        reference_mask, distorted_mask : (N, 1, H, W) saliency masks of 0 and 1 for DeepSSIM's
            calibration.

        Returns
        -------
        (N,) tensor of scores; 1 means identical.

        Raises
        ------
        InputError
            If the tensors are not of this form, or too small for the levels.
        """
        masked = reference_mask is not None or distorted_mask is not None
        if not masked and better_together(reference, distorted):
            both = self.encode(torch.cat([reference, distorted]))
            return self.compare(both[: len(reference)], both[len(reference) :])
        return self.compare(
            self.encode(reference, reference_mask), self.encode(distorted, distorted_mask)
        )

    def encode(self, images: Tensor | RegionReader, mask: Tensor | None = None) -> Encoding:
        """Gram matrices on every level.

        Images for which the trunk would need much memory are encoded in pieces, with the same
        result, unless they require gradients.

        Parameters
        ----------
        images : (N, 3, H, W) tensor, or one image that is read in parts, such as
            `msds.images.open_regions` opens.
        mask : (N, 1, H, W) saliency masks of 0 and 1.
        """
        check = self.check_range
        return encode(self.trunk, images, self._pyramid, mask, check_range=check)

    def map(
        self,
        reference: Tensor | RegionReader,
        distorted: Tensor | RegionReader,
        *,
        kind: Kind = "local",
        window: int = 3,
    ) -> QualityMap:
        """Where two images of equal size differ, see `msds.metric.maps.make_map`."""
        from msds.metric.maps import make_map  # stands on this module

        return make_map(self, reference, distorted, kind=kind, window=window)

    def encoder(self, budget: int | None = None) -> Encoder:
        """What encodes many images without gradients, within a budget of memory in bytes."""
        return Encoder(self.trunk, self._pyramid, budget, check_range=self.check_range)

    def level_scores(self, reference: Encoding, distorted: Encoding) -> Tensor:
        """DeepSSIM of every level that both encodings have: (N, K) tensor."""
        for encoding in (reference, distorted):
            if encoding.trunk != self.trunk_digest:
                raise InputError(
                    f"This encoding was made by another trunk than {self.trunk.name!r}: encode the "
                    "image again."
                )
            if encoding.filter != self.filter and min(encoding.levels, self.levels) > 1:
                raise InputError(
                    f"This encoding's pyramid was made with the filter {encoding.filter!r}; the "
                    f"metric's is {self.filter!r}: encode the image again."
                )
            if encoding.levels < self.levels and self.small == "error":
                raise InputError(
                    f"This encoding has {encoding.levels} of {self.levels} levels: encode the "
                    "image with this metric."
                )
        levels = min(reference.levels, distorted.levels, self.levels)
        # All levels at once: their matrices are so small that calls cost more than they do.
        return self.compare_grams(*(self._normalized(e, levels) for e in (reference, distorted)))

    def compare(self, reference: Encoding, distorted: Encoding) -> Tensor:
        """Scores of two encodings: (N,) tensor."""
        return self.fuse(self.level_scores(reference, distorted))

    def _normalized(self, encoding: Encoding, levels: int) -> Tensor:
        """Gram matrices of the first levels, ready to be compared: (N, levels, C, C)."""
        pairs = zip(encoding.grams[:levels], encoding.positions, strict=False)
        how = self.gram_normalization
        return torch.stack([normalized(gram, count, how) for gram, count in pairs], 1)

    @property
    def gram_normalization(self) -> str:
        """What Gram matrices are divided by: see `msds.method.similarity.normalized`."""
        return self.normalize

    def compare_grams(self, a: Tensor, b: Tensor) -> Tensor:
        """Level scores of (N, K, C, C) Gram matrices that are divided as they should be: (N, K)."""
        return block_similarity(a, b)

    def levels_of(self, height: int, width: int) -> int:
        """How many levels an image of this size has; an error if they are too few."""
        return self._pyramid.of(height, width, self.trunk.stride)

    @property
    def minimum_side(self) -> int:
        """Least height and width of an image that has all levels, in pixels."""
        return minimum_side(self.levels, self.trunk.stride)

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write weights and settings to a folder; see `msds.metric.saved`."""
        from msds.metric.saved import save_pretrained  # stands on this module

        save_pretrained(self, folder)

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str]) -> Self:
        """The metric that `save_pretrained` wrote to a local folder."""
        from msds.metric.saved import load_pretrained  # stands on this module

        return load_pretrained(folder, cls)


class DeepSSIM(MSDS):
    """DeepSSIM at full size, as published: one level of MSDS.

    Source: arXiv 2412.19553. Parameters as of `MSDS`.
    """

    kind = "deepssim"

    def __init__(
        self,
        trunk: str | Trunk = "compact",
        *,
        normalize: Normalize = "none",
        trunk_weights: str | None = None,
        check_range: bool = True,
    ) -> None:
        super().__init__(
            trunk,
            levels=1,
            normalize=normalize,
            trunk_weights=trunk_weights,
            check_range=check_range,
        )


class DeepSSIMLite(MSDS):
    """DeepSSIM-Lite: Gram matrices divided by C h w and one global block, made for use as a loss.

    Source: arXiv 2412.19553. Returns the similarity; the published loss is 1 minus it.
    """

    kind = "deepssim-lite"

    def __init__(
        self,
        trunk: str | Trunk = "compact",
        *,
        trunk_weights: str | None = None,
        check_range: bool = True,
    ) -> None:
        super().__init__(trunk, levels=1, trunk_weights=trunk_weights, check_range=check_range)

    @property
    def gram_normalization(self) -> str:
        return "elements"

    def compare_grams(self, a: Tensor, b: Tensor) -> Tensor:
        return lite_similarity(a, b)


METRICS: dict[str, type[MSDS]] = {metric.kind: metric for metric in (MSDS, DeepSSIM, DeepSSIMLite)}
"""The metrics by their kind, as settings and files name it."""
