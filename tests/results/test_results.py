"""Records, journals, tables and summaries of many pairs."""

from __future__ import annotations

import csv
import json
import random
import statistics
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.results import (
    Journal,
    Outcome,
    Run,
    Scored,
    Summary,
    check_columns,
    read_results,
    record,
    write_results,
)

RUN = Run("msds-test", "f" * 64, {"levels": 2, "weights": [0.25, 0.75], "background": "white"})


def plan_of(count: int, **columns: Any) -> Plan:
    return Plan(
        tuple(
            Pair(f"r{k}.png", f"d{k}.png", Path(f"r{k}.png"), Path(f"d{k}.png"), dict(columns))
            for k in range(count)
        )
    )


def outcome_of(row: int) -> Outcome:
    if row % 4 == 3:
        return Outcome(error=f'd{row}.png: broken, "really"\n', reference_size=(3, 4))
    return Outcome(
        score=0.1 + row / 3,
        levels=(row / 7, 0.5),
        notes=("reference: grey, expanded", "é"),
        reference_size=(40, 30),
        distorted_size=(50, 60),
        reference_sha256="a" * 64,
        distorted_sha256="b" * 64,
        seconds=0.125,
    )


def fill(path: Path, plan: Plan, rows: list[int]) -> None:
    with Journal(path, plan, RUN) as journal:
        for row in rows:
            journal.add(row, outcome_of(row))


def test_a_journal_gives_back_all_outcomes_in_the_order_of_the_plan(tmp_path: Path) -> None:
    plan = plan_of(8)
    rows = random.Random(1).sample(range(8), 8)
    fill(tmp_path / "j", plan, rows[:3])
    fill(tmp_path / "j", plan, rows[3:])
    with Journal(tmp_path / "j", plan, RUN) as journal:
        assert journal.rows == set(range(8))
        assert list(journal.outcomes()) == [(row, outcome_of(row)) for row in range(8)]
        with pytest.raises(ValueError, match="row 2 is in the journal already"):
            journal.add(2, outcome_of(2))
        journal.remove()
    assert not (tmp_path / "j").exists()


def test_a_journal_cut_anywhere_resumes_with_its_whole_lines(tmp_path: Path) -> None:
    plan = plan_of(3)
    path = tmp_path / "j"
    fill(path, plan, [2, 0])
    whole = path.read_bytes()
    ends = [k + 1 for k, byte in enumerate(whole) if byte == ord("\n")]
    # All places around the ends of lines, and some between.
    cuts = {0, *range(5, len(whole), 41), *(end + k for end in ends for k in range(-3, 4))}
    for cut in sorted(cut for cut in cuts if cut <= len(whole)):
        path.write_bytes(whole[:cut])
        with Journal(path, plan, RUN) as journal:
            expected = {row for end, row in zip(ends[1:], [2, 0], strict=True) if end <= cut}
            assert journal.rows == expected
            journal.add(1, outcome_of(1))
        with Journal(path, plan, RUN) as journal:
            assert journal.rows == expected | {1}
            assert dict(journal.outcomes())[1] == outcome_of(1)


def test_a_journal_of_other_pairs_model_or_settings_is_refused_with_the_difference(
    tmp_path: Path,
) -> None:
    path = tmp_path / "j"
    fill(path, plan_of(3), [0])
    before = path.read_bytes()
    others = [
        (plan_of(4), RUN, "the manifest or the folders have changed"),
        (plan_of(3, q="1"), RUN, "the manifest or the folders have changed"),
        (plan_of(3), replace(RUN, fingerprint="0" * 64, model="other"), "another model: msds-test"),
        (
            plan_of(3),
            replace(RUN, settings={**RUN.settings, "background": "black"}),
            "other settings: background differ",
        ),
    ]
    for plan, run, message in others:
        with pytest.raises(InputError) as error:
            Journal(path, plan, run)
        assert message in str(error.value)
    assert path.read_bytes() == before


def test_a_journal_damaged_in_its_middle_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "j"
    plan = plan_of(3)
    fill(path, plan, [0, 1])
    header, first, second = path.read_bytes().splitlines(keepends=True)
    beyond = second.replace(b'"row": 1', b'"row": 7')
    for content in (
        [header, b"{broken\n", second],
        [header, b"{}\n", second],
        [header, first, first],
        [header, first, beyond],
    ):
        path.write_bytes(b"".join(content))
        with pytest.raises(InputError, match=r"line [23] is damaged"):
            Journal(path, plan, RUN)
    path.write_bytes(b'{"something": "else"}\n')
    with pytest.raises(InputError, match="is not a journal"):
        Journal(path, plan, RUN)


def test_two_runs_cannot_write_the_same_journal(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with (
        Journal(tmp_path / "j", plan_of(2), RUN),
        pytest.raises(InputError, match="another run is writing"),
    ):
        Journal(tmp_path / "j", plan_of(2), RUN)
    Journal(tmp_path / "j", plan_of(2), RUN).remove()


def test_a_journal_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="results cannot be written there"):
        Journal(tmp_path / "file" / "j", plan_of(2), RUN)


def written(path: Path, plan: Plan) -> Path:
    write_results(path, plan, RUN, ((row, outcome_of(row)) for row in range(len(plan.pairs))))
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_results_of_every_format_hold_every_pair_and_can_be_read_back(
    tmp_path: Path, suffix: str
) -> None:
    path = written(tmp_path / f"o{suffix}", plan_of(5, q="7", name='x,"y"\n'))
    rows = read_results(path)
    assert [(row.reference, row.distorted) for row in rows] == [
        (f"r{k}.png", f"d{k}.png") for k in range(5)
    ]
    for k, row in enumerate(rows):
        assert row.score == outcome_of(k).score
        assert row.error == outcome_of(k).error
        assert row.settings == RUN.settings
        assert (row.model, row.fingerprint) == (RUN.model, RUN.fingerprint)
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]


def test_a_json_line_is_the_whole_record(tmp_path: Path) -> None:
    path = written(tmp_path / "o.jsonl", plan_of(4, mos=3.5))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {
        "reference": "r0.png",
        "distorted": "d0.png",
        "mos": 3.5,
        "score": 0.1,
        "levels": [0.0, 0.5],
        "error": None,
        "model": "msds-test",
        "fingerprint": "f" * 64,
        "settings": {"levels": 2, "weights": [0.25, 0.75], "background": "white"},
        "notes": ["reference: grey, expanded", "é"],
        "reference_size": [40, 30],
        "distorted_size": [50, 60],
        "reference_sha256": "a" * 64,
        "distorted_sha256": "b" * 64,
        "seconds": 0.125,
    }
    assert lines[3]["score"] is None
    assert lines[3]["error"].startswith("d3.png: broken")


def test_a_table_has_one_plain_column_for_each_level_and_side(tmp_path: Path) -> None:
    path = written(tmp_path / "o.csv", plan_of(4, q="7"))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[1]["level_1"], rows[1]["level_2"]) == (repr(1 / 7), "0.5")
    assert [rows[1][f"distorted_{side}"] for side in ("width", "height")] == ["50", "60"]
    assert rows[1]["q"] == "7"
    assert rows[3]["score"] == rows[3]["level_1"] == rows[3]["distorted_width"] == ""
    assert json.loads(rows[0]["settings"]) == RUN.settings


def test_columns_of_a_parquet_table_keep_their_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    plan = plan_of(2, n=3, x=2.5, flag=True, text="t", big=2**70, nested={"a": [1]}, nothing=None)
    mixed = Plan((*plan.pairs, replace(plan.pairs[0], columns={"n": None, "x": 1, "text": 5})))
    table = parquet.read_table(written(tmp_path / "o.parquet", mixed))
    types = {field.name: str(field.type) for field in table.schema}
    assert types["n"] == "int64"
    assert types["x"] == types["score"] == types["level_2"] == "double"
    assert types["flag"] == "bool"
    assert types["text"] == types["big"] == types["nested"] == types["nothing"] == "string"
    assert table["text"].to_pylist() == ["t", "t", "5"]
    assert table["nested"].to_pylist()[0] == '{"a": [1]}'
    assert table["n"].to_pylist() == [3, 3, None]


def test_results_are_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "o.csv", plan_of(2))
    before = path.read_bytes()

    def interrupted() -> Any:
        yield 0, outcome_of(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_results(path, plan_of(2), RUN, interrupted())
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["o.csv"]


def test_results_of_an_unknown_suffix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.jsonl, .*found \.txt"):
        write_results(tmp_path / "o.txt", plan_of(1), RUN, [])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("o.csv", b"reference,distorted\na,b\n", "there is no column 'score'"),
        ("o.csv", b"reference,distorted,score\na,b,high\n", "could not convert"),
        ("o.jsonl", b"{nothing\n", "does not hold results"),
        ("o.jsonl", b"[1]\n", "does not hold results"),
        ("o.parquet", b"PAR", "does not hold results"),
    ],
)
def test_what_are_no_results_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read_results(tmp_path / name)
    assert message in str(error.value)
    assert ".." not in str(error.value)


def test_carried_columns_must_not_have_the_names_of_results() -> None:
    check_columns(["quality", "level_3"], 2)
    for name in ("score", "level_2", "notes", "reference_width", "reference_size"):
        with pytest.raises(InputError, match=f"Results have a column '{name}'"):
            check_columns(["quality", name], 2)


def test_an_outcome_survives_json() -> None:
    for row in range(4):
        outcome = outcome_of(row)
        assert Outcome.from_dict(json.loads(json.dumps(asdict(outcome)))) == outcome
        assert record(plan_of(4).pairs[row], RUN, outcome)["score"] == outcome.score


@given(st.lists(st.none() | st.floats(-1, 1), max_size=12))
def test_a_summary_counts_and_orders_as_the_standard_library_does(
    scores: list[float | None],
) -> None:
    summary = Summary(tuple(Scored("r", f"d{k}", score) for k, score in enumerate(scores)))
    known = [score for score in scores if score is not None]
    assert len(summary.failures) == len(scores) - len(known)
    assert summary.median == (statistics.median(known) if known else None)
    assert [pair.score for pair in summary.worst] == sorted(known)[:5]
