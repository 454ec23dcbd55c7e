"""Several metrics on several rated sets: agreement with people, and who is really better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from msds.errors import InputError
from msds.scoring.contenders import Contender
from msds.study.datasets.base import RatedSet
from msds.study.measuring import Measured, Work, measure_set
from msds.study.seen import seen_by
from msds.study.statistics import (
    Agreement,
    Array,
    Comparison,
    Curve,
    Resamples,
    agreement,
    bootstrap_comparison,
    holm,
    pitman_morgan_test,
    resampled,
    residual_bootstrap,
    residual_f_test,
    spearman,
    steiger_test,
    williams_test,
)
from msds.study.statistics import krasula as krasulas
from msds.text import counted

LEVEL = 0.05
"""Below this (after Holm's correction) a difference counts as significant."""

LEAST_PAIRS = 6
"""A distortion type needs so many before its correlation is worth a row."""

LEAST_RATED = 3
"""Of two pairs every two rankings agree, or are opposite."""


@dataclass(frozen=True)
class Entry:
    """One contender on one set.

    Attributes
    ----------
    table : (n, K) its numbers, such as one score per level.
    scores : (n,) higher is better.
    overall : agreement with people on all pairs.
    by_distortion : agreement on each type with enough pairs.
    krasula : where the set has standard errors.
    seen : what of the set its weights were learned on, "" if nothing is known.
    """

    name: str
    key: str
    table: Array
    scores: Array
    overall: Agreement
    by_distortion: dict[str, Agreement]
    krasula: krasulas.Krasula | None
    seen: str = ""


@dataclass(frozen=True)
class Duel:
    """All tests between two contenders on one set; p-values are adjusted by Holm over the pairs.

    `bootstrap` is on SRCC over resampled references or ladders; `williams` and `steiger` on SRCC;
    `f_test`, `pitman_morgan` and `residual_bootstrap` on the residuals after the logistic curve;
    `different` and `better` on Krasula's areas.
    """

    first: str
    second: str
    tests: dict[str, Comparison]
    adjusted: dict[str, float]

    def winner(self, test: str | None) -> str | None:
        """Who is significantly better by this test, or None."""
        if test is None or test not in self.tests or not self.adjusted[test] < LEVEL:
            return None
        return self.first if self.tests[test].difference > 0 else self.second


@dataclass(frozen=True)
class SetResult:
    """All contenders on one set.

    Attributes
    ----------
    data : the pairs that every contender could score.
    left_out : the other pairs' distorted images, with the reason.
    """

    data: RatedSet
    entries: dict[str, Entry]
    duels: list[Duel]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def deciding_test(self) -> str | None:
        """The test that says who is better, the bootstrap; None where it was not possible.

        Williams's and Steiger's tests take pairs of one ladder as independent and raise false
        alarms, so they never decide.
        """
        resampled = bool(self.duels) and all("bootstrap" in duel.tests for duel in self.duels)
        return "bootstrap" if resampled else None


@dataclass(frozen=True)
class Settings:
    """How a benchmark is run.

    Attributes
    ----------
    curve : parameters of the logistic curve.
    monotone : whether the curve must not turn; the customary one may (`fit_logistic`).
    resamples : bootstrap samples of references, or of ladders where references are too few; none
        are drawn where these are too few as well (`msds.study.statistics.resampling_unit`).
    seed : of the bootstrap.
    """

    curve: Curve = 5
    monotone: bool = True
    resamples: int = 1000
    seed: int = 0


@dataclass
class Benchmark:
    """Results of all sets, with the settings that made them."""

    settings: Settings
    sets: list[SetResult] = field(default_factory=list)

    @property
    def contenders(self) -> list[str]:
        """Names of the contenders."""
        return list(dict.fromkeys(name for result in self.sets for name in result.entries))

    def average(self, contender: str, value: str, by_pairs: bool = True) -> float:
        """Mean of "srcc", "plcc" or "krcc" over the sets, weighted by their pairs or not."""
        values = [getattr(result.entries[contender].overall, value) for result in self.sets]
        weights = [len(result.data) if by_pairs else 1 for result in self.sets]
        return float(np.average(values, weights=weights))


def run_benchmark(
    sets: Sequence[RatedSet],
    contenders: Sequence[Contender],
    *,
    settings: Settings | None = None,
    work: Work | None = None,
) -> Benchmark:
    """Measure every contender on every set; pairs that one of them cannot score are left out.

    Raises
    ------
    InputError
        If two contenders have the same name, a set is named twice, has too few pairs or equal
        opinions only, or no pair of it can be scored.
    """
    settings = settings or Settings()
    names = [contender.name for contender in contenders]
    if not names or len(set(names)) != len(names):
        raise InputError(f"A benchmark needs contenders with different names, got {names}.")
    if len({data.fingerprint for data in sets}) != len(sets):
        raise InputError(f"A set is named twice: {', '.join(data.title for data in sets)}.")
    for data in sets:
        if len(data) < LEAST_RATED:
            raise InputError(
                f"{data.title} has {counted(len(data), 'rated pairs')}; agreement can be measured "
                f"from {LEAST_RATED} on, and means something from some dozens on."
            )
        if np.ptp(data.opinions) == 0:
            raise InputError(
                f"{data.title}: all opinions are equal, so nothing can agree with them."
            )
    benchmark = Benchmark(settings)
    for data in sets:
        benchmark.sets.append(measure(measure_set(data, contenders, work), contenders, settings))
    return benchmark


def measure(measured: Measured, contenders: Sequence[Contender], settings: Settings) -> SetResult:
    """Statistics of one set from the numbers of its pairs."""
    data = measured.data
    entries = {}
    pairs = _opinion_pairs(data)
    samples = data.resamples(settings.resamples, settings.seed)
    for contender, table in zip(contenders, measured.tables, strict=True):
        scores = contender.fuse(table)
        entries[contender.name] = Entry(
            contender.name,
            contender.key,
            table,
            scores,
            agree(data, scores, settings),
            _by_distortion(data, scores, settings),
            krasulas.krasula(scores, pairs) if pairs is not None else None,
            seen_by(contender.learned_on, data),
        )
    found = duels(data, entries, samples, pairs)
    return SetResult(data, entries, found, measured.left_out)


def agree(data: RatedSet, scores: Array, settings: Settings) -> Agreement:
    """Agreement of (n,) higher-is-better scores with a set's opinions."""
    return agreement(
        scores,
        data.opinions,
        references=data.groups,
        deviations=data.deviations,
        same_direction=data.higher_is_better,
        curve=settings.curve,
        monotone=settings.monotone,
        samples=data.resamples(settings.resamples, settings.seed),
    )


def _by_distortion(data: RatedSet, scores: Array, settings: Settings) -> dict[str, Agreement]:
    kinds = np.array([pair.distortion for pair in data.pairs])
    found = {}
    for kind in data.distortions:
        rows = np.flatnonzero(kinds == kind)
        if kind and rows.size >= LEAST_PAIRS and len(data.distortions) > 1:
            found[kind] = agreement(
                scores[rows],
                data.opinions[rows],
                same_direction=data.higher_is_better,
                curve=settings.curve,
                monotone=settings.monotone,
            )
    return found


def _opinion_pairs(data: RatedSet) -> krasulas.OpinionPairs | None:
    errors = data.standard_errors
    if errors is None or not (errors > 0).any():
        return None
    return krasulas.opinion_pairs(data.quality, errors)


def duels(
    data: RatedSet,
    entries: dict[str, Entry],
    samples: Resamples | None,
    pairs: krasulas.OpinionPairs | None = None,
) -> list[Duel]:
    """Compare every two contenders; each test's p-values are adjusted over all comparisons."""
    names = list(combinations(entries, 2))
    drawn: dict[str, Array] = {}
    if samples is not None and names:
        for name, entry in entries.items():
            drawn[name] = resampled(entry.scores, data.quality, samples, spearman)
    found = [_tests(data, entries[a], entries[b], samples, drawn, pairs) for a, b in names]
    adjusted: list[dict[str, float]] = [{} for _ in names]
    for test in sorted({test for tests in found for test in tests}):
        rows = [index for index, tests in enumerate(found) if test in tests]
        values = holm([found[index][test].p_value for index in rows])
        for index, value in zip(rows, values, strict=True):
            adjusted[index][test] = value
    return [
        Duel(a, b, tests, values)
        for (a, b), tests, values in zip(names, found, adjusted, strict=True)
    ]


def _tests(
    data: RatedSet,
    first: Entry,
    second: Entry,
    samples: Resamples | None,
    drawn: Mapping[str, Array],
    pairs: krasulas.OpinionPairs | None,
) -> dict[str, Comparison]:
    tests: dict[str, Comparison] = {}
    if samples is not None:
        difference = first.overall.srcc - second.overall.srcc
        values = drawn[first.name] - drawn[second.name]
        tests["bootstrap"] = bootstrap_comparison(difference, values, samples.units)
    correlations = (
        first.overall.srcc,
        second.overall.srcc,
        spearman(first.scores, second.scores),
    )
    if len(data) > 3 and all(math.isfinite(value) for value in correlations):
        tests["williams"] = williams_test(*correlations, len(data))
        tests["steiger"] = steiger_test(*correlations, len(data))
    tests |= _residual_tests(data, first, second, samples)
    if pairs is not None and pairs.different.any() and not pairs.different.all():
        tests["different"], tests["better"] = krasulas.compare(first.scores, second.scores, pairs)
    return tests


def _residual_tests(
    data: RatedSet, first: Entry, second: Entry, samples: Resamples | None
) -> dict[str, Comparison]:
    fits = (first.overall.fit, second.overall.fit)
    if fits[0] is None or fits[1] is None:
        return {}
    residuals = (fits[0].mapped - data.opinions, fits[1].mapped - data.opinions)
    tests = {
        "f_test": residual_f_test(*residuals),
        "pitman_morgan": pitman_morgan_test(*residuals),
    }
    if samples is not None:
        tests["residual_bootstrap"] = residual_bootstrap(*residuals, samples)
    return tests
