"""Tables of pairs: CSV, JSON Lines, Parquet, standard input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from msds.errors import InputError
from msds.pairs import Pair, read_manifest

ROWS = [
    {"reference": "a.png", "distorted": "d/a b.jpg", "mos": "3.5", "ünit": 'x,"y"\n'},
    {"reference": "/abs/a.png", "distorted": "c.jpg", "mos": "", "ünit": ""},
]


def write_manifest(path: Path, rows: list[dict[str, object]]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        arrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_manifest_gives_pairs_in_its_order_with_its_other_columns(
    tmp_path: Path, suffix: str
) -> None:
    plan = read_manifest(write_manifest(tmp_path / f"m{suffix}", list(ROWS)))
    assert [pair.distorted_path for pair in plan.pairs] == [
        tmp_path / "d/a b.jpg",
        tmp_path / "c.jpg",
    ]
    assert plan.pairs[1].reference_path == Path("/abs/a.png")
    assert [dict(pair.columns) for pair in plan.pairs] == [
        {"mos": row["mos"], "ünit": row["ünit"]} for row in ROWS
    ]
    assert plan.columns == ("mos", "ünit")


def test_numbers_of_a_json_manifest_stay_numbers(tmp_path: Path) -> None:
    path = write_manifest(
        tmp_path / "m.jsonl", [{"reference": "a", "distorted": "b", "mos": 3.5, "n": None}]
    )
    assert dict(read_manifest(path).pairs[0].columns) == {"mos": 3.5, "n": None}


def test_a_row_without_an_image_is_a_row_with_a_problem(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"reference": "a", "distorted": ""},
        {"reference": None, "distorted": "b"},
        {"reference": "a", "distorted": 7},
        {"reference": "a", "distorted": "b\0"},
        {"reference": "a", "distorted": "b"},
    ]
    problems = [
        pair.problem for pair in read_manifest(write_manifest(tmp_path / "m.jsonl", rows)).pairs
    ]
    assert [problem is None for problem in problems] == [False, False, False, False, True]
    assert problems[0] == "line 1 of the manifest names no distorted image (found '')"
    assert problems[1] == "line 3 of the manifest names no reference image (found None)"


def test_a_row_of_a_table_without_an_image_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('reference,distorted,note\na,b,"two\nlines"\n\na,,\n')
    assert str(read_manifest(path).pairs[1].problem).startswith("line 5 of the manifest names no")
    rows: list[dict[str, object]] = [{"reference": "a", "distorted": d} for d in ("b", "")]
    parquet = write_manifest(tmp_path / "m.parquet", rows)
    assert str(read_manifest(parquet).pairs[1].problem).startswith("row 2 of the manifest names")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.txt", b"x", "a manifest's name ends in .csv"),
        ("m.csv", b"", "the manifest has no rows"),
        ("m.csv", b"reference,distorted\n", "the manifest has no rows"),
        ("m.csv", b"ref,distorted\na,b\n", "row 1 has no column reference; found ref, distorted"),
        ("m.csv", b"ref,distorted\na,b\n", "is it ref?"),
        ("m.csv", b"Reference,Distorted\na,b\n", "is it Reference and Distorted?"),
        ("m.csv", b"r/a.png,d/a.jpg\nr/b.png,d/b.jpg\n", "the first line is a pair of images"),
        ("m.csv", b"r/a.png,d/a.jpg\n", "no rows (in CSV, the first line names the columns)"),
        ("m.csv", b"reference;distorted\na;b\n", "cells are divided by ';'; expected commas"),
        ("m.csv", b"reference,distorted\na,b,c\n", "line 2 has 3 cells; the header has 2"),
        ("m.csv", b"reference,distorted\na\n", "line 2 has 1 cells; the header has 2"),
        ("m.csv", b"reference,distorted,reference\na,b,c\n", "two columns have the same name"),
        ("m.csv", b"reference,distorted\n\xff,b\n", "cannot be read as CSV in UTF-8"),
        ("m.jsonl", b'{"reference": "a"\n', "line 1 is not JSON"),
        ("m.jsonl", b'["a", "b"]\n', "line 1 holds list"),
        ("m.jsonl", b'{"reference": "a"}\n', "row 1 has no column distorted; found reference"),
        ("m.jsonl", b'{"distorted": "a", "refer\\nce": "b"}\n', r"found distorted, refer\nce; is"),
        ("m.parquet", b"not parquet", "cannot be read as Parquet"),
    ],
)
def test_a_damaged_manifest_is_refused_with_the_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_manifest(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert ".." not in str(error.value)


def test_a_manifest_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(InputError, match="this is a folder"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffreference,distorted,q\nr/a,b,7\n",
        "reference\tdistorted\tq\r\nr/a\tb\t7\r\n",
        '\n{"reference": "r/a", "distorted": "b", "q": "7"}\n',
    ],
)
def test_a_manifest_on_standard_input_is_relative_to_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    plan = read_manifest(Path("-"))
    assert plan.pairs == (Pair("r/a", "b", Path("r/a"), Path("b"), {"q": "7"}),)


def test_a_manifest_on_standard_input_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for content, message in (
        (b"", "standard input: the manifest has no rows"),
        (b"\xff", "standard input is no text in UTF-8"),
        (b"a,b\n1,2\n", "standard input: row 1 has no column reference"),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        with pytest.raises(InputError, match=message):
            read_manifest(Path("-"))


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no such device here")
def test_a_device_in_the_place_of_a_manifest_is_told_how_standard_input_is_read() -> None:
    with pytest.raises(
        InputError, match="no regular file; expected a manifest. --manifest - reads"
    ):
        read_manifest(Path("/dev/null"))


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"\xef\xbb\xbfreference,distorted\r\na,b\r\n")
    assert read_manifest(path).pairs[0].reference == "a"


def test_tables_may_be_divided_by_tabs_and_not_by_semicolons(tmp_path: Path) -> None:
    tabs = tmp_path / "pairs.tsv"
    tabs.write_text("reference\tdistorted\tquality\na.png\tb,c.png\t80\n")
    [pair] = read_manifest(tabs).pairs
    assert (pair.distorted, pair.columns) == ("b,c.png", {"quality": "80"})
    semicolons = tmp_path / "pairs.csv"
    semicolons.write_text("reference;distorted\na.png;b.png\n")
    with pytest.raises(InputError, match=r"pairs\.csv: cells are divided by ';'; expected commas"):
        read_manifest(semicolons)
