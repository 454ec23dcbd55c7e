"""Thresholds, baselines and annotations."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.results import Conditions, Run, Score, write_results
from msds.results.baseline import against_baseline, read_baseline
from msds.results.conditions import below
from msds.results.finding import annotation

RUN = Run("msds-test", "f" * 64, {"levels": 1})


def now(**scores: float | None) -> list[Score]:
    return [Score("r", name, score, run=RUN) for name, score in scores.items()]


before = now


def test_scores_below_a_threshold_are_found_lowest_first() -> None:
    found = below(now(a=0.9, b=0.5, c=0.1, d=None), 0.9)
    assert [(finding.distorted, finding.text) for finding in found] == [
        ("c", "0.100000 is below 0.9"),
        ("b", "0.500000 is below 0.9"),
    ]


def test_only_what_got_worse_by_more_than_the_tolerance_is_found_most_first() -> None:
    findings = against_baseline(
        now(a=0.90, b=0.79, c=0.5, d=0.8, e=0.95),
        before(a=0.9, b=0.8, c=0.9, d=0.805, e=0.1),
        0.009,
    )
    assert [(f.title, f.distorted, f.failed) for f in findings] == [
        ("worse", "c", True),
        ("worse", "b", True),
    ]
    assert findings[0].text == "0.500000 is worse than 0.900000 by 0.400000"


def test_missing_pairs_fail_and_new_ones_are_noticed() -> None:
    findings = against_baseline(now(a=0.9, new=0.1), before(a=0.9, gone=0.5), 0)
    assert [(f.title, f.distorted, f.failed) for f in findings] == [
        ("missing", "gone", True),
        ("new", "new", False),
    ]


def test_a_pair_that_fails_only_now_got_worse() -> None:
    findings = against_baseline(now(a=None, b=None, c=0.1), before(a=0.9, b=None, c=None), 1.0)
    assert [(f.title, f.distorted, f.failed) for f in findings] == [("failed", "a", True)]


@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(-1, 1)),
    st.floats(0, 1),
)
def test_results_pass_the_gate_of_themselves(scores: dict[str, float], tolerance: float) -> None:
    assert against_baseline(now(**scores), before(**scores), tolerance) == []


def test_a_pair_that_stands_twice_counts_with_its_lower_score() -> None:
    findings = against_baseline([*now(a=0.9), *now(a=0.3)], [*before(a=0.9), *before(a=0.8)], 0.1)
    assert [f.text for f in findings] == ["0.300000 is worse than 0.800000 by 0.500000"]


def write_baseline(path: Path, run: Run, count: int = 1) -> Path:
    plan = Plan((Pair("r", "a", Path("r"), Path("a")),) * count)
    write_results(path, plan, run, [Score("r", "a", 0.5, (0.5,), run=run)] * count)
    return path


def test_a_baseline_of_another_model_is_refused(tmp_path: Path) -> None:
    path = write_baseline(tmp_path / "b.csv", Run("other", "0" * 64, {"levels": 1}))
    with pytest.raises(InputError, match="was made with another model: other, fingerprint 0000"):
        read_baseline(path, RUN)


def test_a_baseline_of_other_image_settings_is_refused_with_their_names(tmp_path: Path) -> None:
    run = Run("msds-test", "f" * 64, {"levels": 1, "background": "black", "transfer": "pq"})
    now_run = Run("msds-test", "f" * 64, {"levels": 1, "background": "white", "transfer": None})
    path = write_baseline(tmp_path / "b.csv", run)
    assert read_baseline(path, run)
    with pytest.raises(InputError, match="other settings: background, transfer differ"):
        read_baseline(path, now_run)


def test_a_baseline_without_rows_or_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the baseline has no rows"):
        read_baseline(write_baseline(tmp_path / "b.csv", RUN, 0), RUN)
    with pytest.raises(InputError, match="no such file; expected earlier results"):
        read_baseline(tmp_path / "gone.csv", RUN)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fail_under": 1.01}, "--fail-under is a score"),
        ({"fail_under": float("nan")}, "--fail-under is a score"),
        ({"tolerance": -0.1}, "--tolerance is a difference"),
        ({"tolerance": float("inf")}, "--tolerance is a difference"),
    ],
)
def test_numbers_that_no_score_can_have_are_no_conditions(
    settings: dict[str, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Conditions(**settings)  # type: ignore[arg-type]


def test_where_sizes_must_be_the_same_a_pair_of_others_has_no_score() -> None:
    score = Score("r", "d", 0.5, (0.5,), reference_size=(4, 3), distorted_size=(3, 5), run=RUN)
    judged = Conditions(same_size=True).judged(score)
    assert (judged.score, judged.levels) == (None, ())
    assert judged.error == "sizes differ: 4 x 3 against 3 x 5."
    assert Conditions().judged(score) == score


def test_annotations_escape_what_github_reads_as_its_own() -> None:
    # https://docs.github.com/actions/reference/workflow-commands; the toolkit's escapeData and
    # escapeProperty: % CR LF everywhere, and : , in properties.
    line = annotation("error", "a,b:c%.png", "msds: worse", "50%\r\nnot: good, ::error::")
    assert line == (
        "::error file=a%2Cb%3Ac%25.png,title=msds%3A worse::50%25%0D%0Anot: good, ::error::"
    )


def scored(reference: str, distorted: str, score: float) -> Score:
    return Score(reference, distorted, score, run=RUN)


def test_pairs_of_renamed_folders_are_compared_by_relative_name_and_it_is_said() -> None:
    old = [scored(f"refs/{k}/a.png", f"x/compressed/{k}/a.webp", 0.9) for k in range(3)]
    new = [
        scored(f"../refs/{k}/a.png", f"/y/compressed2/{k}/a.webp", 0.5 + k / 5) for k in range(3)
    ]
    findings = against_baseline(new, old, 0.0)
    assert [(f.title, f.distorted, f.failed) for f in findings] == [
        ("worse", "/y/compressed2/0/a.webp", True),
        ("worse", "/y/compressed2/1/a.webp", True),
        ("renamed since the baseline", "/y/compressed2", False),
    ]
    assert findings[-1].text == "compared with x/compressed"


def test_pairs_in_folders_that_were_there_before_are_not_compared_by_relative_name() -> None:
    old = [scored("r.png", "a/1.png", 0.5), scored("r.png", "b/2.png", 0.9)]
    assert against_baseline(old, old, 0.0) == []
    findings = against_baseline([scored("r.png", "b/1.png", 0.1), old[1]], old, 0.0)
    assert [(f.title, f.distorted) for f in findings] == [
        ("missing", "a/1.png"),
        ("new", "b/1.png"),
    ]


def test_relative_names_that_stand_for_two_pairs_are_no_match() -> None:
    old = [scored("r/x.png", "d/1.png", 0.5)]
    new = [scored("s/x.png", "e/1.png", 0.5), scored("s/x.png", "f/1.png", 0.4)]
    assert {f.title for f in against_baseline(new, old, 0.0)} == {"missing", "new"}


def test_of_a_baseline_of_several_models_only_the_own_rows_count(tmp_path: Path) -> None:
    other = Run("other", "0" * 64, {"levels": 1})
    plan = Plan((Pair("r", "a", Path("r"), Path("a")),))
    rows = [Score("r", "a", 0.9, run=other), Score("r", "a", 0.5, (0.5,), run=RUN)]
    write_results(tmp_path / "b.jsonl", plan, RUN, rows)
    assert read_baseline(tmp_path / "b.jsonl", RUN) == rows[1:]
