"""What `state_dict` holds of a metric's settings, and how states of other metrics are taken."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from msds.errors import InputError
from msds.method.fusion import free_parameters
from msds.metric.settings import Settings

if TYPE_CHECKING:
    from msds.metric.configured import Configured

EXTRA = "_extra_state"
"""torch's own name for what `get_extra_state` gives."""


def pack_settings(settings: Settings) -> Tensor:
    """Settings as a tensor of bytes (JSON), which every format of tensors can hold."""
    return torch.frombuffer(bytearray(json.dumps(asdict(settings)).encode()), dtype=torch.uint8)


def unpack_settings(state: Tensor, own: Settings) -> Settings:
    """Settings with the weights of a state.

    Raises
    ------
    InputError
        If the state is damaged, or differs in more than the weights.
    """
    try:
        values = json.loads(bytes(state.cpu().tolist()))
        found = Settings(**{**values, "weights": tuple(values["weights"])})
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"This state holds no settings of a metric: {error!r}.") from error
    for name in ("metric", "levels", "fusion", "filter", "normalize"):
        theirs, ours = getattr(found, name), getattr(own, name)
        if theirs != ours:
            raise InputError(
                f"This state is of a metric with {name}={theirs!r}; this one has {name}={ours!r}."
            )
    return replace(own, weights=found.weights)


def take_state(metric: Configured, state: dict[str, Any], prefix: str) -> None:
    """Make a state one of this metric: learned and fixed weights are taken for each other."""
    logits = f"{prefix}level_logits"
    if f"{prefix}{EXTRA}" not in state:
        warnings.warn(
            "This state was saved without level weights: those of this metric are kept.",
            stacklevel=2,
        )
        state[f"{prefix}{EXTRA}"] = metric.get_extra_state()
    if metric.level_logits is None:
        state.pop(logits, None)  # the settings hold their values
    elif logits not in state:
        weights = unpack_settings(state[f"{prefix}{EXTRA}"], metric.configuration).weights or ()
        state[logits] = free_parameters(weights)
