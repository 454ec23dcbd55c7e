"""One score from the scores of the levels, with a few global weights on the simplex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from msds.errors import InputError

Form: TypeAlias = Literal["linear", "geometric"]
FORMS: tuple[Form, ...] = get_args(Form)

GEOMETRIC_FLOOR = 1e-4
"""Least level score in the geometric form, in which powers of negative numbers do not exist."""

ROUNDING = 0.005
"""How far from 1 the sum of given weights may be: as far as three of two decimals, say."""


def simplex(parameters: Tensor) -> Tensor:
    """Weights that are positive and sum to 1 from K free parameters (softmax)."""
    return torch.softmax(parameters, -1)


def free_parameters(weights: Sequence[float]) -> Tensor:
    """(K,) parameters whose `simplex` is these weights.

    Raises
    ------
    InputError
        If a weight is 0, which a softmax never gives.
    """
    if not all(w > 0 for w in weights):
        raise InputError(f"Weights to be learned must start above 0; got {list(weights)}.")
    return torch.tensor(weights, dtype=torch.float64).log().float()


def fuse(scores: Tensor, weights: Tensor, form: str = "linear") -> Tensor:
    """Fuse level scores.

    Parameters
    ----------
    scores : (N, K) tensor, one score per level, 1 for identical images.
    weights : (K,) tensor on the simplex.
    form : "linear" for sum_k w_k s_k; "geometric" for prod_k s_k^w_k, as MS-SSIM fuses, in which
        level scores below `GEOMETRIC_FLOOR` count as that.

    Returns
    -------
    (N,) tensor; exactly 1 where all level scores are 1.

    Raises
    ------
    InputError
        If the numbers of levels differ or the form is unknown.
    """
    if scores.shape[-1] != weights.shape[-1]:
        raise InputError(
            f"{weights.shape[-1]} weights cannot fuse {scores.shape[-1]} level scores."
        )
    weights = weights.to(scores)
    if form == "linear":
        # Equal to sum_k w_k s_k on the simplex, and exactly 1 for ones however the weights round.
        return 1 - ((1 - scores) * weights).sum(-1)
    if form == "geometric":
        return (scores.clamp_min(GEOMETRIC_FLOOR).log() * weights).sum(-1).exp()
    raise InputError(f"Unknown fusion {form!r}: expected one of {', '.join(FORMS)}.")


def check_weights(weights: Sequence[float], levels: int) -> tuple[float, ...]:
    """The weights as floats that sum to 1, or an `InputError` saying what is wrong with them."""
    values = tuple(float(w) for w in weights)
    if len(values) != levels:
        raise InputError(f"{levels} levels need {levels} weights; got {len(values)}.")
    if not all(0 <= w <= 1 for w in values) or abs(sum(values) - 1) > ROUNDING:
        raise InputError(f"Level weights must lie in [0, 1] and sum to 1; got {list(values)}.")
    return tuple(w / sum(values) for w in values)


def equal_weights(levels: int) -> tuple[float, ...]:
    """The same weight for every level."""
    return (1 / levels,) * levels
