"""The metrics as modules: DeepSSIM, DeepSSIM-Lite and MSDS.

An image is encoded once (its Gram matrix on every level) and compared as often as needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from msds.encoding import Encoding as Encoding
from msds.encoding.checks import better_together
from msds.encoding.encoder import Encoder, encode
from msds.encoding.levels import Small
from msds.encoding.streamed import RegionReader
from msds.errors import InputError
from msds.method import fusion as fusing
from msds.method.fusion import Form
from msds.method.pyramid import Filter, minimum_side
from msds.method.similarity import BLOCK, block_similarity, lite_similarity, normalized
from msds.metric.settings import Identity, Normalize, Settings, fingerprint
from msds.metric.state import pack_settings, take_state, unpack_settings
from msds.trunks import Trunk, load_trunk

if TYPE_CHECKING:
    from typing_extensions import Self

    from msds.engines import Engine, Precision
    from msds.metric.maps import Kind, QualityMap


class MSDS(nn.Module):
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

    trunk: Trunk
    level_logits: nn.Parameter | None

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
        super().__init__()
        chosen = None if weights is None else _numbers(weights)
        settings = Settings(self.kind, levels, chosen, fusion, filter, normalize, small)
        if isinstance(trunk, nn.Module) and not isinstance(trunk, Trunk):
            raise InputError(
                f"A {type(trunk).__name__} is no trunk: wrap it in msds.trunks.ModuleTrunk."
            )
        self.trunk = trunk if isinstance(trunk, Trunk) else load_trunk(trunk, trunk_weights)
        if self.trunk.channels % BLOCK:
            raise InputError(
                f"Trunk {self.trunk.name!r} has {self.trunk.channels} channels; expected a "
                f"multiple of {BLOCK}."
            )
        self._settings = settings.for_trunk(self.trunk.name)
        self._pyramid = settings.pyramid
        self._identity: Identity | None = None
        self.check_range = check_range
        self.register_parameter("level_logits", None)
        if learn_weights:
            self.level_logits = nn.Parameter(fusing.free_parameters(self.level_weights))
        self.freeze()
        _ = self.trunk_digest  # now: hashing cannot be part of a compiled graph

    @property
    def configuration(self) -> Settings:
        """All settings; weights that are being learned are those of this moment."""
        if self.level_logits is None:
            return self._settings
        learned = fusing.simplex(self.level_logits.detach().double()).tolist()
        return replace(self._settings, weights=tuple(learned))

    @property
    def model_id(self) -> str:
        """Name of the metric and its trunk, or of its model, with every setting that differs."""
        identity = self._identity or Identity.of(self.kind, self.trunk.name)
        return identity.describe(self.configuration, self.trunk)

    def named(self, identity: Identity) -> Self:
        """Let the metric go by the name of a model; what differs from it is named with it."""
        self._identity = identity
        return self

    @property
    def levels(self) -> int:
        """Number of levels."""
        return self._settings.levels

    @property
    def level_weights(self) -> tuple[float, ...]:
        """The weights of the levels, which sum to 1.

        They can be set to other numbers. While they are learned, `level_logits` holds them.

        Raises
        ------
        InputError
            If what they are set to is not on the simplex, or is to be learned.
        """
        return self.configuration.weights or ()

    @level_weights.setter
    def level_weights(self, weights: Sequence[float]) -> None:
        self._settings = replace(self._settings, weights=tuple(weights))
        if self.level_logits is not None:
            with torch.no_grad():
                self.level_logits.copy_(fusing.free_parameters(self._settings.weights or ()))

    def __setattr__(self, name: str, value: Any) -> None:
        # Before torch takes a parameter for one of its own.
        checked: Any = _numbers(value) if name == "level_weights" else value
        super().__setattr__(name, checked)

    @property
    def fusion(self) -> str:
        """How level scores are fused: "linear" or "geometric"."""
        return self._settings.fusion

    @property
    def filter(self) -> str:
        """The pyramid's down-sampling filter."""
        return self._settings.filter

    @property
    def normalize(self) -> str:
        """What Gram matrices are divided by: "none" or "positions"."""
        return self._settings.normalize

    @property
    def small(self) -> str:
        """What is done with images too small for all levels."""
        return self._settings.small

    def freeze(self) -> Self:
        """Switch gradients of the trunk off, and evaluation mode on."""
        self.trunk.requires_grad_(False)
        return self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode whatever is asked for: the metric is frozen."""
        del mode
        return super().train(False)

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

        self.trunk = open_engine(self.trunk, engine, precision)
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

    def fuse(self, level_scores: Tensor) -> Tensor:
        """One score from (N, K) level scores, K at most the metric's levels: (N,) tensor."""
        levels = level_scores.shape[-1]
        if self.level_logits is None:
            weights = level_scores.new_tensor(self.weights_of(levels))
        else:
            # The softmax of some of the parameters is their weights scaled to sum to 1.
            weights = fusing.simplex(self.level_logits[:levels])
        return fusing.fuse(level_scores, weights, self.fusion)

    def weights_of(self, levels: int) -> tuple[float, ...]:
        """The weights of the first `levels` levels, scaled to sum to 1 (equal if all are 0)."""
        weights = self.level_weights[:levels]
        total = sum(weights)
        return tuple(w / total for w in weights) if total else fusing.equal_weights(levels)

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

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        _ = self.trunk_digest  # a change of precision changes it, and a compiled graph cannot look
        return self

    @property
    def trunk_digest(self) -> str:
        """SHA-256 over the trunk's parameters."""
        return self.trunk.digest

    @property
    def settings(self) -> dict[str, Any]:
        """Everything besides the input that decides a score, as JSON-able values."""
        return self.configuration.record(self.trunk)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over trunk weights and settings: equal fingerprints, equal scores."""
        return fingerprint(self.settings)

    def get_extra_state(self) -> Tensor:
        """The settings, for `state_dict`: weights that are not learned are no parameters."""
        return pack_settings(self.configuration)

    def set_extra_state(self, state: Tensor) -> None:
        """Take the weights of a state; its other settings must be those of this metric."""
        self._settings = unpack_settings(state, self._settings)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        take_state(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *others)

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write weights and settings to a folder; see `msds.metric.saved`."""
        from msds.metric.saved import save_pretrained  # stands on this module

        save_pretrained(self, folder)

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str]) -> Self:
        """The metric that `save_pretrained` wrote to a local folder."""
        from msds.metric.saved import load_pretrained  # stands on this module

        return load_pretrained(folder, cls)

    def extra_repr(self) -> str:
        return str(self.configuration)


def _numbers(weights: Sequence[float] | Tensor) -> tuple[float, ...]:
    """Weights as numbers; an error where a parameter would silently stop being one."""
    if isinstance(weights, Tensor) and weights.requires_grad:
        raise InputError(
            "Level weights are numbers here; to learn them, use learn_weights=True and give the "
            "parameter `level_logits` to the optimizer."
        )
    return tuple(float(w) for w in weights)


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
