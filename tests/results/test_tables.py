"""Results as files: every format holds every pair, and reads back as it was."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.records import RUN, plan_of, score_of
from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.results import Score, check_columns, read_results, write_results


def record_of(pair: Pair) -> Score:
    return replace(score_of(int(pair.reference[1:-4])), columns=pair.columns)


def written(path: Path, plan: Plan) -> Path:
    write_results(path, plan, RUN, map(record_of, plan.pairs))
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".parquet"])
def test_results_of_every_format_hold_every_pair_and_can_be_read_back(
    tmp_path: Path, suffix: str
) -> None:
    path = written(tmp_path / f"o{suffix}", plan_of(5, q="7", name='x,"y"\n'))
    columns = {"q": "7", "name": 'x,"y"\n'}
    assert read_results(path) == [score_of(row, **columns) for row in range(5)]
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
        "weights": [0.25, 0.75],
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


def test_text_that_a_spreadsheet_takes_for_a_formula_is_made_harmless_and_read_back(
    tmp_path: Path,
) -> None:
    texts = [
        "=1+1",
        "+a",
        "-a",
        "@a",
        "\ta",
        "\ra",
        "'=a",
        "'a",
        "a=b",
        "-3.5",
        "+1e-3",
        "-1e5",
        "",
    ]
    plan = Plan(tuple(replace(plan_of(1).pairs[0], columns={"=x": text}) for text in texts))
    scores = [replace(record_of(pair), distorted="=d.png") for pair in plan.pairs]
    path = tmp_path / "o.csv"
    write_results(path, plan, RUN, scores, csv_safe=True)
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:3] == ["reference", "distorted", "'=x"]
    assert [row[2] for row in rows] == [f"'{text}" for text in texts[:7]] + texts[7:]
    assert {row[1] for row in rows} == {"'=d.png"}
    assert read_results(path) == scores
    write_results(path, plan, RUN, scores)
    with path.open(encoding="utf-8", newline="") as file:
        assert [row[2] for row in csv.reader(file)][1:] == texts


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


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".parquet"])
def test_half_characters_are_stored_as_escapes(tmp_path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    plan = plan_of(2, **{"no\ud800te": "a\udfff"})
    path = written(tmp_path / f"o{suffix}", plan)
    ((name, value),) = read_results(path)[0].columns.items()
    expected = ("no\ud800te", "a\udfff") if suffix == ".jsonl" else ("no\\ud800te", "a\\udfff")
    assert (name, value) == expected


def test_results_are_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "o.csv", plan_of(2))
    before = path.read_bytes()

    def interrupted() -> Any:
        yield score_of(0)
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
        ("o.csv", b"reference,distorted,score\na,b,nan\n", "found nan, which is no finite number"),
        ("o.jsonl", b"[" * 100_000 + b"\n", "line 1 is not JSON"),
        ("o.jsonl", b"{nothing\n", "line 1 is not JSON"),
        ("o.jsonl", b"[1]\n", "line 1 holds list"),
        ("o.parquet", b"PAR", "cannot be read as Parquet"),
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
    for name in ("score", "level_2", "notes", "weights", "reference_width", "reference_size"):
        with pytest.raises(InputError, match=f"Results have a column '{name}'"):
            check_columns(["quality", name], 2)
