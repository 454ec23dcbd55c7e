"""What a metric is before it compares: a frozen trunk, and settings with their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from msds.errors import InputError
from msds.method import fusion as fusing
from msds.metric.settings import Identity, Settings, fingerprint
from msds.metric.state import pack_settings, take_state, unpack_settings
from msds.trunks import Trunk

if TYPE_CHECKING:
    from typing_extensions import Self


class Configured(nn.Module):
    """A frozen trunk and settings on it: what decides a score besides the images.

    Parameters
    ----------
    settings : of the metric; without weights they take those that are usual for the trunk.
    trunk : which computes the features; it is frozen, in evaluation mode for ever.
    learn_weights : hold the weights of the levels as one parameter, `level_logits`.

    Attributes
    ----------
    trunk, level_logits : as of `msds.metric.modules.MSDS`.
    """

    trunk: Trunk
    level_logits: nn.Parameter | None

    def __init__(self, settings: Settings, trunk: Trunk, learn_weights: bool = False) -> None:
        super().__init__()
        self.trunk = trunk
        self._settings = settings.for_trunk(trunk.name)
        self._identity: Identity | None = None
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
        identity = self._identity or Identity.of(self._settings.metric, self.trunk.name)
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
        checked: Any = numbers(value) if name == "level_weights" else value
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

    def weights_of(self, levels: int) -> tuple[float, ...]:
        """The weights of the first `levels` levels, scaled to sum to 1 (equal if all are 0)."""
        weights = self.level_weights[:levels]
        total = sum(weights)
        return tuple(w / total for w in weights) if total else fusing.equal_weights(levels)

    def fuse(self, level_scores: Tensor) -> Tensor:
        """One score from (N, K) level scores, K at most the metric's levels: (N,) tensor."""
        levels = level_scores.shape[-1]
        if self.level_logits is None:
            weights = level_scores.new_tensor(self.weights_of(levels))
        else:
            # The softmax of some of the parameters is their weights scaled to sum to 1.
            weights = fusing.simplex(self.level_logits[:levels])
        return fusing.fuse(level_scores, weights, self.fusion)

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

    def freeze(self) -> Self:
        """Switch gradients of the trunk off, and evaluation mode on."""
        self.trunk.requires_grad_(False)
        return self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode whatever is asked for: the metric is frozen."""
        del mode
        return super().train(False)

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        _ = self.trunk_digest  # a change of precision changes it, and a compiled graph cannot look
        return self

    def get_extra_state(self) -> Tensor:
        """The settings, for `state_dict`: weights that are not learned are no parameters."""
        return pack_settings(self.configuration)

    def set_extra_state(self, state: Tensor) -> None:
        """Take the weights of a state; its other settings must be those of this metric."""
        self._settings = unpack_settings(state, self._settings)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        take_state(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *others)

    def extra_repr(self) -> str:
        return str(self.configuration)


def numbers(weights: Sequence[float] | Tensor) -> tuple[float, ...]:
    """Weights as numbers; an error where a parameter would silently stop being one."""
    if isinstance(weights, Tensor) and weights.requires_grad:
        raise InputError(
            "Level weights are numbers here; to learn them, use learn_weights=True and give the "
            "parameter `level_logits` to the optimizer."
        )
    return tuple(float(w) for w in weights)
