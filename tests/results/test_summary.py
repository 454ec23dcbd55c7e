"""What a run amounts to."""

from __future__ import annotations

import statistics

from hypothesis import given
from hypothesis import strategies as st

from msds.results import Score, Summary


@given(st.lists(st.none() | st.floats(-1, 1), max_size=12))
def test_a_summary_counts_and_orders_as_the_standard_library_does(
    scores: list[float | None],
) -> None:
    summary = Summary(tuple(Score("r", f"d{k}", score) for k, score in enumerate(scores)))
    known = [score for score in scores if score is not None]
    assert len(summary.failures) == len(scores) - len(known)
    assert summary.median == (statistics.median(known) if known else None)
    assert [pair.score for pair in summary.worst] == sorted(known)[:5]
