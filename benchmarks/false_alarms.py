"""How often do tests find a difference between two metrics that are equally good?

    python -m benchmarks.false_alarms --sets 1000

Rated sets are made of ladders: one reference, one distortion type, several strengths. A metric that
misjudges one pair misjudges its whole ladder, and often all pairs of the reference. Two metrics
with errors of the same size are equally good, whatever a test says of one set; a test at 5 % should
reject in 5 % of the sets. Prints a Markdown table of what each does.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msds.report.table import Table
from msds.study.statistics import (
    Array,
    Resamples,
    bootstrap_comparison,
    ladder_resamples,
    ladders_suffice,
    pitman_morgan_test,
    reference_resamples,
    references_suffice,
    residual_bootstrap,
    residual_f_test,
    spearman,
    steiger_test,
    williams_test,
)

LEVEL = 0.05
STEPS = 5
"""Strengths of every ladder."""
# Deviations, in units of a quality that varies by about one: of a ladder's severity, of what
# metrics get wrong in single pairs, and of what opinions do.
_SEVERITY, _NOISE, _OPINION = 0.4, 0.35, 0.5


@dataclass(frozen=True)
class Design:
    """A kind of rated set.

    Attributes
    ----------
    ladders : distortion types of each reference.
    by_ladder, by_reference : deviations of what a metric gets wrong in a whole ladder, and in all
        pairs of a reference.
    """

    name: str
    ladders: tuple[int, ...]
    by_ladder: float = 0.0
    by_reference: float = 0.0


@dataclass(frozen=True)
class Simulated:
    """One set: (n,) scores of two equally good metrics, opinions, names."""

    first: Array
    second: Array
    opinions: Array
    references: list[str]
    distortions: list[str]


def simulate(random: np.random.Generator, design: Design) -> Simulated:
    """Draw a set."""
    count = sum(design.ladders)
    reference = np.repeat(np.arange(len(design.ladders)), design.ladders)
    kind = np.concatenate([np.arange(number) for number in design.ladders])
    strength = np.linspace(1.2, -1.2, STEPS)
    severity = random.normal(0, _SEVERITY, count)
    quality = (severity[:, None] + strength).ravel()

    def judged() -> Array:
        whole = random.normal(0, design.by_ladder, count)
        whole += random.normal(0, design.by_reference, len(design.ladders))[reference]
        return quality + np.repeat(whole, STEPS) + random.normal(0, _NOISE, quality.size)

    return Simulated(
        judged(),
        judged(),
        quality + random.normal(0, _OPINION, quality.size),
        [f"reference {number}" for number in np.repeat(reference, STEPS)],
        [f"type {number}" for number in np.repeat(kind, STEPS)],
    )


def p_values(data: Simulated, resamples: int, seed: int) -> Iterator[tuple[str, float]]:
    """Every test's p-value; bootstraps where the set has enough references or ladders."""
    r_a, r_b = (spearman(scores, data.opinions) for scores in (data.first, data.second))
    correlations = (r_a, r_b, spearman(data.first, data.second), data.opinions.size)
    yield "Williams", williams_test(*correlations).p_value
    yield "Steiger", steiger_test(*correlations).p_value
    residuals = (data.first - data.opinions, data.second - data.opinions)
    yield "F", residual_f_test(*residuals).p_value
    yield "Pitman-Morgan", pitman_morgan_test(*residuals).p_value
    if references_suffice(data.references):
        yield from _bootstraps(data, reference_resamples(data.references, resamples, seed))
    if ladders_suffice(data.references, data.distortions):
        samples = ladder_resamples(data.references, data.distortions, resamples, seed)
        yield from _bootstraps(data, samples)


def _bootstraps(data: Simulated, samples: Resamples) -> Iterator[tuple[str, float]]:
    def gain(rows: NDArray[np.intp]) -> float:
        first, second, opinions = data.first[rows], data.second[rows], data.opinions[rows]
        return spearman(first, opinions) - spearman(second, opinions)

    gains = np.array([gain(sample) for sample in samples])
    found = bootstrap_comparison(gain(np.arange(data.opinions.size)), gains, samples.units)
    yield f"SRCC over {samples.unit}s", found.p_value
    residuals = (data.first - data.opinions, data.second - data.opinions)
    yield f"residuals over {samples.unit}s", residual_bootstrap(*residuals, samples).p_value
    # The percentile bootstrap, as it is often done: twice the smaller tail.
    tail = min(np.sum(gains <= 0), np.sum(gains >= 0))
    by_percentiles = 2.0 * (float(tail) + 1) / (len(gains) + 1)
    yield f"SRCC, percentiles over {samples.unit}s", by_percentiles


def false_alarms(design: Design, sets: int, resamples: int, seed: int = 0) -> dict[str, float]:
    """Share of `sets` simulated sets in which each test rejects at 0.05."""
    random = np.random.default_rng(seed)
    rejected: Counter[str] = Counter()
    for number in range(sets):
        data = simulate(random, design)
        for test, p_value in p_values(data, resamples, number):
            rejected[test] += p_value < LEVEL
    return {test: count / sets for test, count in rejected.items()}


DESIGNS = (
    Design("40 references, pairs independent", (1,) * 40),
    Design("25 references x 5 types, errors by ladder", (5,) * 25, by_ladder=0.8),
    Design("5 references x 5 types, errors by ladder", (5,) * 5, by_ladder=0.8),
    Design("5 references x 5 types, by ladder and reference", (5,) * 5, 0.5, 0.5),
    Design("3 references x 4 types, errors by ladder", (4,) * 3, by_ladder=0.8),
    Design("3 references x 4 types, by ladder and reference", (4,) * 3, 0.5, 0.5),
    Design("one reference x 24 types and 13 x 1, errors by ladder", (24, *(1,) * 13), 0.8),
    Design("one reference x 24 types, errors by ladder", (24,), by_ladder=0.8),
)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sets", type=int, default=1000, help="simulated sets of each kind")
    parser.add_argument("--resamples", type=int, default=200, help="bootstrap samples")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows = {
        design.name: false_alarms(design, arguments.sets, arguments.resamples, arguments.seed)
        for design in DESIGNS
    }
    tests = list(dict.fromkeys(test for found in rows.values() for test in found))
    table = Table(
        f"False alarms at a nominal 5 %, in per cent of {arguments.sets} simulated sets",
        ["set", *tests],
        [
            [name, *(100 * found[test] if test in found else None for test in tests)]
            for name, found in rows.items()
        ],
        digits=1,
        note="Two equally good metrics on every set. With errors by reference, ladders are no "
        "longer independent: what they show holds for the references of the set only.",
    )
    print(table.markdown())


if __name__ == "__main__":
    main()
