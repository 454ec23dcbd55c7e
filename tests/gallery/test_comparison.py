"""What became of pairs between two runs."""

from __future__ import annotations

import pytest

from msds.errors import InputError
from msds.gallery import Change, compared
from msds.results import Run, Score

RUN = Run("m", "f" * 64, {"levels": 2})


def pair(name: str, score: float | None, run: Run = RUN) -> Score:
    return Score("ref/a.png", name, score, error=None if score is not None else "broken", run=run)


def test_each_pair_is_better_worse_the_same_failed_new_or_missing() -> None:
    new = [
        *(pair("out/better.png", 0.9), pair("out/worse.png", 0.5), pair("out/same.png", 0.7005)),
        *(pair("out/failed.png", None), pair("out/new.png", 0.8)),
    ]
    old = [
        *(pair("out/better.png", 0.8), pair("out/worse.png", 0.6), pair("out/same.png", 0.7)),
        *(pair("out/failed.png", 0.9), pair("out/gone.png", 0.4)),
    ]
    found = compared(new, old)
    assert [item.change.value for item in found.pairs] == [
        *("better", "worse", "same", "failed", "new", "missing")
    ]
    assert found.pairs[1].difference == pytest.approx(-0.1)
    assert found.pairs[3].before == 0.9
    assert found.pairs[5].now is None
    assert found.counts[Change.WORSE] == 1


def test_pairs_of_renamed_folders_are_compared() -> None:
    found = compared([pair("v2/one.png", 0.5)], [pair("v1/one.png", 0.9)])
    assert [item.change for item in found.pairs] == [Change.WORSE]
    assert found.renamed == {"v1": "v2"}


def test_a_pair_that_failed_before_and_has_a_score_now_has_nothing_to_be_compared_with() -> None:
    assert compared([pair("a.png", 0.5)], [pair("a.png", None)]).pairs[0].change is Change.NEW


def test_runs_of_different_models_are_not_compared() -> None:
    other = pair("a.png", 0.5, Run("other", "e" * 64, {"levels": 2}))
    with pytest.raises(InputError, match="another model: other"):
        compared([pair("a.png", 0.5)], [other])


def test_empty_runs_can_be_compared() -> None:
    assert compared([], []).pairs == ()
    assert [item.change for item in compared([], [pair("a", 1.0)]).pairs] == [Change.MISSING]
