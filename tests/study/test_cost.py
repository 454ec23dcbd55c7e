"""What each metric costs, counted and timed."""

from __future__ import annotations

from itertools import accumulate

import pytest

from helpers.contenders import deep
from msds.scoring.classics import PSNR
from msds.study.cost import _Alive, measure_cost
from msds.study.pages.cost import cost_tables


def test_cost_counts_the_operations_of_the_convolutions_and_the_gram_matrix() -> None:
    from msds.trunks.layers import multiply_accumulates

    contender = deep(2)
    cost = measure_cost(contender, 96, 128, repeats=1)
    trunk = contender.metric.trunk
    expected = multiply_accumulates(trunk.layers, 96, 128)  # type: ignore[attr-defined]
    grams = trunk.channels**2 * 6 * 8
    assert cost.gmacs[0] * 1e9 == pytest.approx(expected + grams, rel=1e-6)
    assert cost.parameters == sum(p.numel() for p in trunk.parameters())
    tables = cost_tables([cost, measure_cost(PSNR(), 96, 128, repeats=1)], 96, 128)
    assert [len(table.rows) for table in tables] == [2, 2]
    # An engine's own operations are not torch's, and are counted as those that it stands in for.
    contender.metric.set_engine("winograd")
    assert measure_cost(contender, 96, 128, repeats=1).gmacs == cost.gmacs


def test_times_are_medians_with_the_quickest_and_the_slowest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks = accumulate([0, 0.361, 0, 0.094, 0, 0.1] * 2)
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    cost = measure_cost(PSNR(), 8, 8, repeats=3)
    row = cost_tables([cost], 8, 8)[0].rows[0]
    assert str(row[3]) == str(row[4]) == "100.00 [94.00, 361.00]"


@pytest.mark.parametrize(("count", "words"), [(1, "1 thread)"), (2, "2 threads)")])
def test_the_table_of_costs_counts_threads(
    monkeypatch: pytest.MonkeyPatch, count: int, words: str
) -> None:
    monkeypatch.setattr("torch.get_num_threads", lambda: count)
    assert cost_tables([measure_cost(PSNR(), 8, 8, 1)], 8, 8)[0].title.endswith(words)


def test_memory_is_what_is_alive_at_once() -> None:
    import torch

    with _Alive() as alive:
        for _ in range(4):
            block = torch.zeros(250_000)
            block = block + 1
            del block
    assert alive.peak == 2_000_000
    assert alive.now == 0
