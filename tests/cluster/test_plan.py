"""The plan: every row once, pairs of a reference together, the same from every kind of table."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msds.cluster import plan as planning
from msds.cluster.manifest import Manifest
from msds.cluster.plan import Header, make_plan, pairs_of_a_block, read_block
from msds.errors import InputError
from msds.pairs import read_manifest
from msds.results import Run

ROWS: list[dict[str, Any]] = [
    {"reference": f"r{k % 7}.png", "distorted": f"d{k}.jpg", "quality": k, "codec": "é" * (k % 3)}
    for k in range(60)
]


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A manifest in the format of its suffix."""
    if path.suffix == ".parquet":
        pa.parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=13)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


def planned(manifest: Path, out: Path, workers: int = 2) -> tuple[list[list[dict[str, Any]]], Any]:
    """The blocks of a manifest's plan, and the types of its columns."""
    files, columns = make_plan(manifest, str(out), 2, workers)
    header = Header("", "", "", columns, Run(), False, files)
    kept: dict[int, Any] = {}
    blocks = [read_block(str(out), header, k, kept) for k in range(len(header.sizes))]
    assert [len(block) for block in blocks] == list(header.sizes)
    return blocks, columns


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_plan_holds_the_rows_that_the_reader_of_manifests_finds(
    tmp_path: Path, suffix: str
) -> None:
    manifest = write_table(tmp_path / f"pairs.{suffix}", ROWS)
    blocks, columns = planned(manifest, tmp_path / "out")
    rows = sorted((row for block in blocks for row in block), key=lambda row: row["row"])
    expected = read_manifest(manifest)
    assert [row["row"] for row in rows] == list(range(len(ROWS)))
    assert [(row["reference"], row["distorted"]) for row in rows] == [
        (pair.reference, pair.distorted) for pair in expected.pairs
    ]
    assert [json.loads(row["columns"]) for row in rows] == [p.columns for p in expected.pairs]
    assert columns == {"quality": "string" if suffix == "csv" else "int64", "codec": "string"}


def test_rows_that_name_no_pair_say_what_the_reader_of_manifests_says(tmp_path: Path) -> None:
    rows = [
        {"reference": "a.png", "distorted": "b.png"},
        {"reference": None, "distorted": "b.png"},
        {"reference": "a.png", "distorted": ""},
        {"reference": "a\0.png", "distorted": "b.png"},
    ]
    for suffix in ("jsonl", "parquet"):
        manifest = write_table(tmp_path / f"pairs.{suffix}", rows)
        found = [text for batch in Manifest(manifest).batches() for text in batch.problem]
        expected = [pair.problem for pair in read_manifest(manifest).pairs]
        assert [text.as_py() for text in found] == expected


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pairs.csv", "reference,distorted\n", "has no rows"),
        ("pairs.csv", "refrence,distorted\na,b\n", "no column reference"),
        ("pairs.jsonl", '{"reference": "a"}\n', "no column distorted"),
        ("pairs.parquet", "nonsense", "cannot be read as Parquet"),
        ("pairs.csv", "reference,distorted,score\na,b,1\n", "column 'score' of their own"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_in_a_sentence(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    manifest = tmp_path / name
    manifest.write_text(text)
    with pytest.raises(InputError, match=said):
        make_plan(manifest, str(tmp_path / "out"), 2, 1)


@given(references=st.lists(st.integers(0, 9), min_size=1, max_size=120), pairs=st.integers(1, 12))
def test_blocks_keep_a_reference_together_unless_it_has_more_pairs_than_a_block(
    references: list[int], pairs: int
) -> None:
    column = pa.chunked_array([pa.array([f"r{k}" for k in sorted(references)])])
    names = column.to_pylist()
    ends = list(planning._cuts(column, pairs))
    blocks = [names[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    assert [name for block in blocks for name in block] == names
    assert all(0 < len(block) <= pairs for block in blocks)
    for name in set(names):
        count = names.count(name)
        holding = sum(name in block for block in blocks)
        assert holding == 1 if count <= pairs else holding <= -(-count // pairs) + 1


def test_many_heaps_make_a_plan_of_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "HEAP_ROWS", 10)
    monkeypatch.setattr(planning, "PIECE_ROWS", 8)
    monkeypatch.setattr(planning, "FILE_BLOCKS", 2)
    manifest = write_table(tmp_path / "pairs.parquet", ROWS)
    blocks, _ = planned(manifest, tmp_path / "out")
    rows = [row["row"] for block in blocks for row in block]
    assert sorted(rows) == list(range(len(ROWS)))
    assert len(list((tmp_path / "out" / "_plan").iterdir())) == -(-len(blocks) // 2)
    assert planned(manifest, tmp_path / "again")[0] == blocks


def test_every_worker_has_several_blocks_and_very_large_runs_have_no_small_ones() -> None:
    for pairs in (1, 10, 1000, 10**6, 10**8):
        for workers in (1, 8, 200):
            size = pairs_of_a_block(pairs, workers)
            assert 1 <= size <= planning.MOST_PAIRS
            blocks = -(-pairs // size)
            assert blocks >= min(pairs, 2 * workers)
            assert blocks <= max(4 * workers, planning.MOST_BLOCKS * 2, pairs // size + 1)
