"""Weights learned on some sets and tried on others: every direction, and on all sets but one.

What weights gain is asked where they have not seen the set, and against two rivals: equal weights,
which cost nothing to learn, and level 1 alone, which is DeepSSIM without a pyramid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msds.method.fusion import equal_weights
from msds.study.benchmark import Settings, agree
from msds.study.datasets.base import RatedSet, names_of
from msds.study.datasets.overlap import overlap_note
from msds.study.fitting import Objective, fused, learn_shared_weights
from msds.study.measuring import Measured, Progress
from msds.study.statistics import Agreement, Array, Comparison, paired_bootstrap, spearman

ONE, EQUAL = "one level", "equal weights"


@dataclass(frozen=True)
class Trial:
    """Weights on a set.

    Attributes
    ----------
    agreement : with the set's opinions, without intervals.
    seen : whether the weights were learned on this very set.
    overlap : a sentence on references that the weights have seen, "" if none are known.
    gains : in SRCC over `ONE` and `EQUAL`, by bootstrap; none where the set was seen, or allows no
        resampling.
    """

    agreement: Agreement
    seen: bool
    overlap: str
    gains: Mapping[str, Comparison]


@dataclass(frozen=True)
class Transfer:
    """All weights on all sets.

    Attributes
    ----------
    names : of the sets, those that were learned on first.
    weights : (K,) by what they were learned on: a set's name, "all but" it, or "all sets".
    trials : by name of weights and of set.
    plain : agreement of `ONE` and `EQUAL`, by their name and that of the set.
    form : of the fusion.
    learned : how many of the sets were learned on.
    """

    names: tuple[str, ...]
    weights: Mapping[str, Array]
    trials: Mapping[tuple[str, str], Trial]
    plain: Mapping[tuple[str, str], Agreement]
    form: str
    learned: int

    @property
    def final(self) -> Array:
        """The weights learned on everything that was there to learn from."""
        return self.weights[ALL if ALL in self.weights else next(iter(self.weights))]

    def rest_name(self, name: str) -> str | None:
        """What the weights learned on all sets but this one are called, None without any other."""
        own = self.names[: self.learned]
        others = [other for other in own if other != name]
        if not others:
            return None
        if len(others) == 1:
            return others[0]
        return without(name) if name in own else ALL

    def rest(self, name: str) -> Array | None:
        """The weights learned on all sets but this one, None where there is no other."""
        found = self.rest_name(name)
        return None if found is None else self.weights[found]


ALL = "all sets"


def without(name: str) -> str:
    """What weights are called that were learned on all sets but this one."""
    return f"all but {name}"


def study_transfer(
    learned_on: Sequence[Measured],
    others: Sequence[Measured] = (),
    *,
    objective: Objective = "srcc",
    form: str = "linear",
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Transfer:
    """Learn weights on each set, on all but each, and on all; try them on every set.

    Parameters
    ----------
    learned_on : sets and the (n, K) level scores of one contender, each weighing the same.
    others : sets that are only tried on.
    settings : of the bootstrap.

    Raises
    ------
    InputError
        If a set has too few pairs to learn from, or images too small for all levels.
    """
    settings = settings or Settings()
    every = [*learned_on, *others]
    names = names_of([one.data for one in every])
    sources = _sources(names[: len(learned_on)])
    weights: dict[str, Array] = {}
    for name, chosen in sources.items():
        weights[name] = learn_shared_weights(
            [every[k].tables[0] for k in chosen],
            [every[k].data.quality for k in chosen],
            objective=objective,
            form=form,
        )
        if progress is not None:
            progress(f"learning ({form})", len(weights), len(sources))
    trials: dict[tuple[str, str], Trial] = {}
    plain: dict[tuple[str, str], Agreement] = {}
    for name, one in zip(names, every, strict=True):
        rivals = _rivals(one.tables[0], form)
        plain |= {(rival, name): _agreement(one.data, s) for rival, s in rivals.items()}
        for source, chosen in sources.items():
            seen = [every[k].data for k in chosen]
            scores = fused(one.tables[0], weights[source], form)
            trials[source, name] = _tried(one.data, scores, rivals, seen, settings)
    return Transfer(tuple(names), weights, trials, plain, form, len(learned_on))


def _sources(names: Sequence[str]) -> dict[str, list[int]]:
    """Which sets each of the weights are learned on."""
    found = {name: [k] for k, name in enumerate(names)}
    if len(names) > 2:  # all but one of two is the other
        found |= {
            without(name): [j for j in range(len(names)) if j != k] for k, name in enumerate(names)
        }
    if len(names) > 1:
        found[ALL] = list(range(len(names)))
    return found


def _rivals(table: Array, form: str) -> dict[str, Array]:
    return {ONE: table[:, 0], EQUAL: fused(table, equal_weights(table.shape[1]), form)}


def _agreement(data: RatedSet, scores: Array) -> Agreement:
    """Agreement without intervals; four parameters, since every cell of a large table has a fit."""
    return agree(data, scores, Settings(curve=4, resamples=0))


def _tried(
    data: RatedSet,
    scores: Array,
    rivals: Mapping[str, Array],
    sources: Sequence[RatedSet],
    settings: Settings,
) -> Trial:
    seen = any(source.fingerprint == data.fingerprint for source in sources)
    samples = None if seen else data.resamples(settings.resamples, settings.seed)
    gains = {
        name: paired_bootstrap(scores, rival, data.quality, samples, spearman)
        for name, rival in rivals.items()
        if samples is not None
    }
    notes = [] if seen else [overlap_note(data, source) for source in sources]
    return Trial(_agreement(data, scores), seen, " ".join(note for note in notes if note), gains)
