"""One record of a pair: what it tells, how it compares, and its form as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.records import RUN, plan_of, score_of
from msds.errors import InputError
from msds.metric import MSDS
from msds.pairs import Pair
from msds.results import Run, Score


def test_a_record_survives_the_journal_s_json() -> None:
    for row in range(4):
        kept = json.loads(json.dumps(score_of(row).to_journal()))
        assert Score.of(plan_of(4).pairs[row], RUN, kept) == score_of(row)


def test_a_record_of_a_pair_alone_has_its_names_and_columns() -> None:
    pair = Pair("r", "d", Path("x/r"), Path("x/d"), {"q": 7})
    assert Score.of(pair, RUN) == Score("r", "d", run=RUN, columns={"q": 7})


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("weights", [[0.2, 0.3, 0.5], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
def test_a_record_tells_the_weights_that_the_metric_gives_to_its_levels(
    levels: int, weights: list[float]
) -> None:
    metric = MSDS("compact", levels=3, weights=weights, trunk_weights="random")
    run = Run(metric.model_id, metric.fingerprint, metric.settings)
    score = Score("r", "d", 0.5, (0.5,) * levels, run=run)
    assert score.weights == pytest.approx(metric.weights_of(levels), abs=1e-12)
    assert Score("r", "d", error="failed", run=run).weights == ()


def test_scores_compare_with_each_other_and_with_numbers() -> None:
    low, high = (replace(score_of(0), score=value) for value in (0.25, 0.75))
    assert low < high
    assert low <= high
    assert high > low
    assert high >= 0.75
    assert not low >= 0.75
    assert sorted([high, low], key=float) == sorted([high, low]) == [low, high]
    assert float(low) == 0.25
    assert max(low, high) is high
    failed = score_of(3)
    assert not failed >= 0.0
    assert not failed < 1.0
    assert float(failed) != float(failed)


def test_scores_of_two_models_do_not_compare() -> None:
    other = replace(score_of(0), run=Run("other", "0" * 64))
    with pytest.raises(InputError, match="msds-test, fingerprint ffff.* and other, fingerprint 00"):
        _ = score_of(0) < other
    with pytest.raises(TypeError, match="compared with str; expected a number"):
        _ = score_of(0) < "high"


def test_a_notebook_shows_the_score_and_its_levels_and_no_markup_of_names() -> None:
    html = replace(score_of(1), distorted="<script>\u202e.png")._repr_html_()
    assert "<b>0.433333</b> msds-test" in html
    assert html.count("<tr>") == 1 + 2
    assert "<td>0.5000</td><td>0.750</td>" in html
    assert "distorted: &lt;script&gt;\\u202e.png, 50 x 60" in html
    failed = replace(score_of(3), error="<b>broken</b>")._repr_html_()
    assert "<b>failed</b>" in failed
    assert "&lt;b&gt;broken&lt;/b&gt;" in failed


def test_equal_records_are_equal_whatever_time_they_took() -> None:
    assert replace(score_of(0), seconds=9.0) == score_of(0)
    assert hash(replace(score_of(0), seconds=9.0)) == hash(score_of(0))
    assert score_of(1) != score_of(0)
