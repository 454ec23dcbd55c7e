"""The metrics as modules: DeepSSIM, DeepSSIM-Lite and MSDS.

An image is encoded once (its Gram matrix on every level) and compared as often as needed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from msds.encoding import Encoding as Encoding
from msds.encoding.checks import better_together, check_images, check_mask
from msds.errors import InputError
from msds.method import fusion as fusing
from msds.method import pyramid as pyramids
from msds.method.similarity import (
    BLOCK,
    STABILITY,
    block_similarity,
    gram,
    lite_similarity,
    normalized,
)
from msds.metric.saved import load_pretrained, save_pretrained
from msds.trunks import Trunk, load_trunk
from msds.trunks.recording import is_recorded

if TYPE_CHECKING:
    from typing_extensions import Self

SMALL = ("error", "fewer-levels")


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
        (`msds.method.fusion.LEARNED`), and equal ones where none have been learned.
    fusion : "linear" or "geometric".
    filter : the pyramid's down-sampling filter, see `msds.method.pyramid.FILTERS`.
    normalize : "none" as published, or "positions" (our extension for images of different sizes).
    small : "error" for images too small for all levels, or "fewer-levels" to use the levels they
        have, with the weights of these scaled to sum to 1.
    trunk_weights : file of weights for a trunk given by name, or "random".
    check_range : raise an error for values outside [0, 1]; switch off only where the cost of
        looking matters and the input is known.

    Attributes
    ----------
    model_id : name of the metric and its trunk, with every setting that is not the default.

    Notes
    -----
    Always frozen and in evaluation mode. Higher is better, 1 means identical. Under autocast and
    with half-precision features, everything from the Gram matrix on is float32.
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
        fusion: str = "linear",
        filter: str = "average",
        normalize: str = "none",
        small: str = "error",
        trunk_weights: str | None = None,
        check_range: bool = True,
    ) -> None:
        super().__init__()
        pyramids.check_settings(levels, filter)
        if fusion not in fusing.FORMS:
            raise InputError(f"Unknown fusion {fusion!r}: expected {' or '.join(fusing.FORMS)}.")
        if normalize not in ("none", "positions"):
            raise InputError(f"Unknown normalize {normalize!r}: expected 'none' or 'positions'.")
        if small not in SMALL:
            raise InputError(f"Unknown small {small!r}: expected {' or '.join(SMALL)}.")
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
        self.levels = levels
        if weights is None:
            weights = fusing.default_weights(self.trunk.name, levels)
        self.level_weights = fusing.check_weights(weights, levels)
        self.fusion = fusion
        self.filter = filter
        self.normalize = normalize
        self.small = small
        self.check_range = check_range
        self.model_id = self._describe()
        self.freeze()
        _ = self.trunk_digest  # now: hashing cannot be part of a compiled graph

    def _describe(self) -> str:
        """Name of the metric and its trunk, with every setting that is not the default."""
        defaults = {
            "levels": 4 if self.kind == "msds" else 1,
            "weights": fusing.check_weights(
                fusing.default_weights(self.trunk.name, self.levels), self.levels
            ),
            "fusion": "linear",
            "filter": "average",
            "normalize": "none",
        }
        own = {key: getattr(self, key) for key in defaults if key != "weights"}
        own["weights"] = self.level_weights
        changes = [
            f"{key}={'/'.join(f'{w:.3g}' for w in own[key]) if key == 'weights' else own[key]}"
            for key, default in defaults.items()
            if own[key] != default
        ]
        precision = self.trunk.precision
        return (
            f"{self.kind}-{self.trunk.name}"
            + (f"({','.join(changes)})" if changes else "")
            + (f"+{precision}" if precision != "float32" else "")
        )

    def freeze(self) -> Self:
        """Switch gradients of all parameters off, and evaluation mode on."""
        self.requires_grad_(False)
        return self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode whatever is asked for: the metric is frozen."""
        del mode
        return super().train(False)

    def set_engine(self, engine: str = "auto", precision: str = "float32") -> Self:
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

        before = self.trunk.precision
        self.trunk = open_engine(self.trunk, engine, precision)
        if before != precision:
            name = self.model_id.removesuffix(f"+{before}")
            self.model_id = name if precision == "float32" else f"{name}+{precision}"
        return self

    @property
    def engine(self) -> str:
        """What computes the features, with its version, as in "ncnn float32 (ncnn 1.0)"."""
        if description := getattr(self.trunk, "description", None):
            return str(description)
        dtype = next(self.parameters(), torch.zeros(())).dtype
        return f"torch {str(dtype).removeprefix('torch.')} (torch {torch.__version__})"

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

    def encode(self, images: Tensor, mask: Tensor | None = None) -> Encoding:
        """Gram matrices of (N, 3, H, W) images on every level.

        Images for which the trunk would need much memory are encoded in pieces, with the same
        result (`msds.encoding`), unless they require gradients or there is a mask.
        """
        if mask is None and self._in_pieces(images):
            from msds.encoding.streamed import encode_tiled

            return encode_tiled(self, images)
        images = check_images(images, check_range=self.check_range)
        height, width = images.shape[-2:]
        levels = self.levels_of(height, width)
        masks: list[Tensor] | list[None] = [None] * levels
        if mask is not None:
            masks = pyramids.pyramid(check_mask(mask, images), levels, "stride")
        grams, positions = [], []
        for level, level_mask in zip(
            pyramids.pyramid(images, levels, self.filter), masks, strict=True
        ):
            features = self.trunk(level, level_mask)
            grams.append(gram(features))
            positions.append(features.shape[-1] * features.shape[-2])
        digest = self.trunk_digest
        return Encoding(tuple(grams), tuple(positions), height, width, digest, self.filter)

    def _in_pieces(self, images: Tensor) -> bool:
        """Whether these images are better encoded in pieces."""
        if not isinstance(images, Tensor) or images.ndim != 4:
            return False
        if images.requires_grad or is_recorded():
            return False
        from msds.encoding.plan import should_tile

        return should_tile(images.shape[-2], images.shape[-1], self.trunk)

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
        weights = level_scores.new_tensor(self.weights_of(level_scores.shape[-1]))
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
        possible = pyramids.possible_levels(height, width, self.trunk.stride)
        if possible >= self.levels:
            return self.levels
        if possible == 0 or self.small == "error":
            levels = self.levels if self.small == "error" else 1
            least = pyramids.minimum_side(levels, self.trunk.stride)
            advice = (
                f", or small='fewer-levels' (--small fewer-levels) to score it with {possible}"
                if possible and self.levels > 1
                else ""
            )
            raise InputError(
                f"An image of {width} x {height} pixels is too small: {levels} level"
                f"{'s need' if levels > 1 else ' needs'} at least {least} x {least}{advice}."
            )
        return possible

    @property
    def minimum_side(self) -> int:
        """Least height and width of an image that has all levels, in pixels."""
        return pyramids.minimum_side(self.levels, self.trunk.stride)

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
        return {
            "metric": self.kind,
            "trunk": self.trunk.name,
            "trunk_digest": self.trunk_digest,
            "levels": self.levels,
            "weights": [round(w, 12) for w in self.level_weights],
            "fusion": self.fusion,
            "filter": self.filter,
            "normalize": self.normalize,
            "block": BLOCK,
            "c": STABILITY,
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 over trunk weights and settings: equal fingerprints, equal scores."""
        text = json.dumps(self.settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write weights and settings to a folder; see `msds.metric.saved`."""
        save_pretrained(self, folder)

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str]) -> Self:
        """The metric that `save_pretrained` wrote to a local folder."""
        return load_pretrained(folder, cls)

    def extra_repr(self) -> str:
        weights = ", ".join(f"{w:.4g}" for w in self.level_weights)
        return (
            f"levels={self.levels}, weights=({weights}), fusion={self.fusion!r}, "
            f"filter={self.filter!r}, normalize={self.normalize!r}, small={self.small!r}"
        )


class DeepSSIM(MSDS):
    """DeepSSIM at full size, as published: one level of MSDS.

    Source: arXiv 2412.19553. Parameters as of `MSDS`.
    """

    kind = "deepssim"

    def __init__(
        self,
        trunk: str | Trunk = "compact",
        *,
        normalize: str = "none",
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
