"""What a run leaves for the programs that run pipelines: JUnit's XML and a summary in Markdown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest
from markdown_it import MarkdownIt

from msds.gallery.digest import digest, write_digest
from msds.gallery.junit import junit
from msds.pairs import Ambiguous, Pair, Plan
from msds.results import Conditions, Run, Score, write_results
from msds.scoring import Job, Report

RUN = Run("msds-test", "f" * 64, {"levels": 1})
HOSTILE = 'd/<a> & "b" | `c`\x1b\u202e\ud800\uffff.webp'


def pair(distorted: str, score: float | None, **values: object) -> Score:
    error = None if score is not None else f"{distorted}: broken."
    levels = () if score is None else (score,)
    return Score("r.png", distorted, score, levels, error, seconds=0.25, run=RUN, **values)  # type: ignore[arg-type]


def reported(scores: list[Score], conditions: Conditions | None = None, **plan: object) -> Report:
    conditions = conditions or Conditions()
    pairs = tuple(Pair(s.reference, s.distorted, Path("r"), Path("d")) for s in scores)
    baseline = conditions.baseline
    from msds.results.baseline import read_baseline

    earlier = None if baseline is None else read_baseline(baseline, RUN)
    findings = tuple(conditions.findings(scores, earlier))
    return Report(
        Plan(pairs, **plan),  # type: ignore[arg-type]
        RUN,
        Job(conditions=conditions),
        tuple(scores),
        findings,
        0,
        0,
        1.5,
    )


def suites_of(*reports: Report) -> list[Tree.Element]:
    return list(Tree.fromstring(junit(reports).encode()))


def test_every_pair_is_a_test_that_passes_fails_or_is_an_error() -> None:
    scores = [pair("d/a.webp", 0.9), pair("d/b.webp", 0.3), pair("d/c.webp", None)]
    (suite,) = suites_of(reported(scores, Conditions(fail_under=0.5)))
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "errors": "1", "skipped": "0"}
    assert suite.get("time") == "1.500"
    good, bad, broken = suite
    assert good.get("name") == "d/a.webp (r.png)"
    assert [child.tag for child in good] == ["properties"]
    assert {p.get("name"): p.get("value") for p in good[0]} == {
        "score": "0.900000",
        "level_1": "0.900000",
    }
    failure = bad.find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "below threshold", "message": "0.300000 is below 0.5"}
    error = broken.find("error")
    assert error is not None
    assert error.attrib == {"type": "not scored", "message": "d/c.webp: broken."}


def test_missing_pairs_fail_and_files_alone_are_errors_unless_they_are_allowed_for(
    tmp_path: Path,
) -> None:
    write_results(tmp_path / "b.csv", Plan(()), RUN, [pair("d/gone.webp", 0.9)])
    alone = {
        "unmatched_references": ("r/x.png",),
        "unmatched_distorted": ("d/y.png",),
        "ambiguous": (Ambiguous("d/z.png", ("r/1.png", "r/2.png")),),
    }
    for allowed, errors, skipped in ((False, "3", "0"), (True, "1", "2")):
        conditions = Conditions(baseline=tmp_path / "b.csv", allow_unmatched=allowed)
        (suite,) = suites_of(reported([pair("d/a.webp", 0.9)], conditions, **alone))
        assert (suite.get("tests"), suite.get("failures")) == ("5", "1")
        assert (suite.get("errors"), suite.get("skipped")) == (errors, skipped)
        assert [case.get("name") for case in suite][1:] == [
            "d/gone.webp (r.png)",
            "r/x.png",
            "d/y.png",
            "d/z.png",
        ]


def test_names_that_xml_cannot_hold_are_escapes_and_the_file_stays_xml() -> None:
    report = reported([pair(HOSTILE, 0.9), pair(HOSTILE + "2", None)])
    (suite,) = suites_of(report)
    shown = 'd/<a> & "b" | `c`\\x1b\\u202e\\ud800\\uffff.webp'
    assert suite[0].get("file") == shown
    assert suite[1].get("name") == f"{shown}2 (r.png)"


def test_two_models_are_two_suites() -> None:
    one = reported([pair("d/a.webp", 0.9)])
    other = replace(one, run=Run("other", "0" * 64, {"levels": 1}))
    assert [suite.get("name") for suite in suites_of(one, other)] == [
        "msds msds-test",
        "msds other",
    ]


def tables_of(text: str) -> list[list[list[str]]]:
    """The cells of every table, as a reader of Markdown has them."""
    tables: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and tables and token.level >= 4:
            tables[-1][-1].append("".join(child.content for child in token.children or []))
    return tables


def test_the_summary_shows_counts_changes_the_worst_pairs_and_where_the_page_is(
    tmp_path: Path,
) -> None:
    old = [pair("d/a.webp", 0.9), pair("d/b.webp", 0.5), pair("d/c.webp", 0.7)]
    write_results(tmp_path / "b.csv", Plan(()), RUN, old)
    new = [pair("d/a.webp", 0.8), pair("d/b.webp", 0.6), pair("d/c.webp", None)]
    report = reported(new, Conditions(baseline=tmp_path / "b.csv"), unmatched_distorted=("x.png",))
    text = digest([report], "https://ci.example/x (1).html")
    assert "3 pairs, msds-test" in text
    assert (
        "2 scored, 1 failed, median 0.700000, 1 file not paired. **2 conditions not met.**" in text
    )
    assert (
        "Since the baseline b.csv: 1 worse, 1 better, 0 same, 1 failed, 0 new, 0 missing." in text
    )
    assert "[The page of this run](<https://ci.example/x%20(1).html>)" in text
    failed, worse, better, worst = tables_of(text)
    assert failed[1:] == [["d/c.webp", "r.png", "d/c.webp: broken."]]
    assert worse[1:] == [["0.900000", "0.800000", "-0.100000", "d/a.webp", "r.png"]]
    assert better[1:] == [["0.500000", "0.600000", "+0.100000", "d/b.webp", "r.png"]]
    assert worst[1:] == [["0.600000", "d/b.webp", "r.png"], ["0.800000", "d/a.webp", "r.png"]]


def test_names_stand_in_the_summary_as_they_are_and_long_tables_are_cut() -> None:
    scores = [pair(f"{k}{HOSTILE}", 0.1 + k / 100) for k in range(12)]
    conditions, worst = tables_of(digest([reported(scores, Conditions(fail_under=0.5))]))
    assert len(conditions) == 1 + 10
    assert worst[1][1] == '0d/<a> & "b" | `c`\\x1b\\u202e\ud800\uffff.webp'
    assert "and 2 more" in digest([reported(scores, Conditions(fail_under=0.5))])


def test_a_summary_is_added_to_github_s_own_and_replaces_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, step = tmp_path / "summary.md", tmp_path / "step"
    step.touch()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    for text in ("one\n", "two\n"):
        write_digest(file, text)
        write_digest(step, text)
    assert file.read_text() == "two\n"
    assert step.read_text() == "one\n\ntwo\n"
