"""Learning the weights of the levels from opinions, the trunk frozen.

K free parameters, turned into weights on the simplex by softmax, are moved to agree with people:
either by a differentiable stand-in for Spearman's correlation, or by least squares after a logistic
curve. What is reported is always measured on references that the weights have not seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from msds.errors import InputError
from msds.method.fusion import equal_weights, fuse, simplex
from msds.study.datasets.base import RatedSet
from msds.study.measuring import Progress
from msds.study.statistics import (
    Array,
    Comparison,
    Resamples,
    bootstrap_comparison,
    fit_logistic,
    ranks,
    spearman,
)
from msds.text import printable

Objective = Literal["srcc", "logistic"]
OBJECTIVES = ("srcc", "logistic")

# Differences of scores within this share of their deviation count as ties in the soft ranks.
_TEMPERATURE = 0.1
# Soft ranks compare every score with all others; in larger sets they are computed at so many of
# the scores, spread evenly over their order, and interpolated in between.
_MOST_KNOTS = 1200
# A light pull towards equal weights: it decides where the data do not.
_RIDGE = 1e-3
_STEPS = 60


@dataclass(frozen=True)
class WeightFit:
    """Learned weights and what they are worth on unseen references.

    Attributes
    ----------
    weights : (K,) learned on all pairs.
    fold_weights : (seeds * folds, K) learned in cross-validation.
    unseen : (seeds, n) fused score of every pair by weights that have not seen its reference.
    srcc : (seeds,) of these with opinions.
    rivals : SRCC of equal weights, and of each level alone, on the same pairs.
    gains : learned (on unseen references) minus each rival, over resampled references or ladders.
    """

    objective: Objective
    form: str
    folds: int
    weights: Array
    fold_weights: Array
    unseen: Array
    srcc: Array
    rivals: dict[str, float]
    gains: dict[str, Comparison]


def fused(table: Array, weights: Sequence[float] | Array, form: str = "linear") -> Array:
    """(n,) scores from (n, K) level scores."""
    return np.asarray(
        fuse(torch.from_numpy(table), torch.as_tensor(np.asarray(weights)), form).numpy()
    )


def learn_weights(
    table: Array,
    quality: Array,
    *,
    objective: Objective = "srcc",
    form: str = "linear",
) -> Array:
    """Weights of the levels that agree best with opinions.

    Parameters
    ----------
    table : (n, K) level scores, without gaps.
    quality : (n,) opinions turned so that higher is better.
    objective : "srcc" maximises the correlation of soft ranks with the ranks of the opinions;
        "logistic" minimises the squared error after a four-parameter logistic curve.
    form : of the fusion, "linear" or "geometric".

    Returns
    -------
    (K,) weights on the simplex.

    Raises
    ------
    InputError
        For an unknown objective, gaps in the table, or too few pairs.
    """
    return learn_shared_weights([table], [quality], objective=objective, form=form)


def learn_shared_weights(
    tables: Sequence[Array],
    qualities: Sequence[Array],
    *,
    objective: Objective = "srcc",
    form: str = "linear",
) -> Array:
    """Weights of the levels that agree best with the opinions of several sets.

    Each set weighs the same, however many pairs it has; opinions of different sets are never
    compared with each other. Parameters and errors as of `learn_weights`, by set.
    """
    if objective not in OBJECTIVES:
        raise InputError(f"Unknown objective {objective!r}: expected {' or '.join(OBJECTIVES)}.")
    levels = tables[0].shape[1]
    losses: list[tuple[Tensor, Callable[[Tensor], Tensor]]] = []
    single = np.zeros(levels)
    for table, quality in zip(tables, qualities, strict=True):
        _check_table(table)
        loss = _rank_loss(quality) if objective == "srcc" else _logistic_loss(quality)
        losses.append((torch.from_numpy(np.ascontiguousarray(table)), loss))
        single += [spearman(table[:, k], quality) for k in range(levels)]
    if levels == 1:
        return np.ones(1)

    def together(parameters: Tensor) -> Tensor:
        weights = simplex(parameters)
        return torch.stack([loss(fuse(rows, weights, form)) for rows, loss in losses]).mean()

    best: tuple[float, Tensor] | None = None
    for lean in (0.0, 2.0):
        start = torch.zeros(levels, dtype=torch.float64)
        start[int(np.argmax(single))] = lean
        value, parameters = _minimise(together, start)
        if best is None or value < best[0]:
            best = (value, parameters)
    return np.asarray(simplex(best[1]).numpy() if best else equal_weights(levels))


def _check_table(table: Array) -> None:
    if not np.isfinite(table).all():
        raise InputError("Some images are too small for all levels: learn fewer levels' weights.")
    count, levels = table.shape
    if count <= 2 * levels:
        raise InputError(f"{count} pairs are too few to learn {levels} weights from.")


def _minimise(loss: Callable[[Tensor], Tensor], start: Tensor) -> tuple[float, Tensor]:
    parameters = start.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS(
        [parameters], max_iter=_STEPS, line_search_fn="strong_wolfe", tolerance_grad=1e-9
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(parameters) + _RIDGE * (parameters - parameters.mean()).square().mean()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return float(closure().detach()), parameters.detach()


def _rank_loss(quality: Array) -> Callable[[Tensor], Tensor]:
    """1 - Pearson's correlation of soft ranks of scores with the ranks of the opinions."""
    target = torch.from_numpy(ranks(quality))
    target = (target - target.mean()) / target.std()

    def loss(scores: Tensor) -> Tensor:
        soft = soft_ranks(scores)
        soft = soft - soft.mean()
        return 1 - (soft * target).mean() / soft.std().clamp_min(1e-12)

    return loss


def soft_ranks(scores: Tensor, most: int = _MOST_KNOTS) -> Tensor:
    """(n,) differentiable ranks of (n,) scores: how many others are lower, ties counting half.

    With more than `most` scores, the number of lower ones is computed at `most` of them, from all
    of them, and interpolated linearly in between: time and memory grow with n and not its square.
    """
    scale = scores.std().clamp_min(1e-12) * _TEMPERATURE

    def lower(places: Tensor) -> Tensor:
        return torch.sigmoid((places[:, None] - scores[None, :]) / scale).sum(1)

    count = len(scores)
    if count <= most:
        return lower(scores)
    ordered = torch.unique(scores.detach())
    chosen = torch.linspace(0, len(ordered) - 1, min(most, len(ordered))).round().long()
    knots = ordered[chosen]
    values = lower(knots)
    right = torch.searchsorted(knots, scores.detach()).clamp(1, len(knots) - 1)
    share = (scores - knots[right - 1]) / (knots[right] - knots[right - 1])
    return torch.lerp(values[right - 1], values[right], share)


def _logistic_loss(quality: Array) -> Callable[[Tensor], Tensor]:
    """Share of the opinions' variance that is left after the best logistic curve.

    The curve is fitted anew for every set of weights. At its optimum the derivative with respect to
    the curve's own parameters is zero, so the gradient that flows through the scores is exact.
    """
    target = torch.from_numpy(quality)
    total = float(np.var(quality))

    def loss(scores: Tensor) -> Tensor:
        fit = fit_logistic(scores.detach().numpy(), quality, 4)
        if fit.problem is not None:
            return (scores - scores.mean()).square().mean() * 0 + 1
        low, high, centre, width = fit.parameters
        mapped = low + (high - low) * torch.sigmoid((scores - centre) / width)
        return (mapped - target).square().mean() / total

    return loss


def reference_folds(groups: Sequence[str], folds: int, seed: int) -> list[NDArray[np.intp]]:
    """Indices of the pairs of each fold; all pairs of a reference are in the same one.

    Raises
    ------
    InputError
        If there are fewer references than folds, or fewer than two folds.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    if names.size < 2:
        raise InputError(
            f"All pairs are of one reference, {printable(names[0])}: weights are tried on "
            "references they were not learned from, so there must be two or more."
        )
    if not 2 <= folds <= names.size:
        raise InputError(
            f"{names.size} references cannot be split into {folds} folds; choose 2 to {names.size}."
        )
    place = np.empty(names.size, dtype=np.intp)
    place[np.random.default_rng(seed).permutation(names.size)] = np.arange(names.size) % folds
    return [np.flatnonzero(place[member] == fold) for fold in range(folds)]


def fit_weights(
    data: RatedSet,
    table: Array,
    *,
    objective: Objective = "srcc",
    form: str = "linear",
    folds: int = 5,
    seeds: int = 5,
    resamples: int = 1000,
    progress: Progress | None = None,
) -> WeightFit:
    """Learn weights on all pairs, and measure them by cross-validation over references.

    Parameters
    ----------
    data, table : the set and its (n, K) level scores.
    folds : parts of the references; each is unseen once per seed. At most the number of references.
    seeds : different splits.
    resamples : bootstrap samples of references, or of ladders where these are too few, for the
        gains.
    """
    quality = data.quality
    folds = min(folds, len(set(data.groups)))

    def learn(rows: NDArray[np.intp]) -> Array:
        return learn_weights(table[rows], quality[rows], objective=objective, form=form)

    unseen = np.empty((seeds, len(data)))
    fold_weights = []
    for seed in range(seeds):
        for number, test in enumerate(reference_folds(data.groups, folds, seed), start=1):
            weights = learn(np.setdiff1d(np.arange(len(data)), test))
            unseen[seed, test] = fused(table[test], weights, form)
            fold_weights.append(weights)
            if progress is not None:
                progress(f"learning ({form})", seed * folds + number, seeds * folds)
    levels = table.shape[1]
    rivals = {"equal weights": fused(table, equal_weights(levels), form)}
    rivals |= {f"level {k + 1}": table[:, k] for k in range(levels)}
    return WeightFit(
        objective,
        form,
        folds,
        learn(np.arange(len(data))),
        np.array(fold_weights),
        unseen,
        np.array([spearman(row, quality) for row in unseen]),
        {name: spearman(scores, quality) for name, scores in rivals.items()},
        _gains(quality, unseen, rivals, data.resamples(resamples)),
    )


def _gains(
    quality: Array, unseen: Array, rivals: Mapping[str, Array], samples: Resamples | None
) -> dict[str, Comparison]:
    """What learned weights gain over each rival in SRCC, mean over the seeds."""
    indices = samples.indices if samples is not None else ()
    units = samples.units if samples is not None else 0
    learned = [_mean_srcc(unseen, quality, sample) for sample in indices]
    gains = {}
    for name, scores in rivals.items():
        difference = _mean_srcc(unseen, quality, None) - spearman(scores, quality)
        drawn = [
            value - spearman(scores[sample], quality[sample])
            for value, sample in zip(learned, indices, strict=True)
        ]
        gains[name] = bootstrap_comparison(difference, np.array(drawn), units)
    return gains


def _mean_srcc(unseen: Array, quality: Array, sample: NDArray[np.intp] | None) -> float:
    rows = slice(None) if sample is None else sample
    values = [spearman(row[rows], quality[rows]) for row in unseen]
    return float(np.mean(values)) if values else math.nan
