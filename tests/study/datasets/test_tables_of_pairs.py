"""Tables of pairs as rated sets: their form, column and direction."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from helpers import trees
from msds.errors import InputError
from msds.scoring.classics import PSNR
from msds.study.datasets import (
    open_dataset,
)
from msds.study.measuring import score_set


def _csv(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_table_of_pairs_is_a_set_in_csv_json_lines_and_parquet(tmp_path: Path) -> None:
    table = trees.rated(tmp_path, references=2, side=16)
    from_csv = open_dataset(str(table))
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = tmp_path / "pairs.jsonl"
    lines.write_text("\n".join(json.dumps(row) for row in rows))
    assert open_dataset("pairs.jsonl", tmp_path).pairs == from_csv.pairs
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "pairs.parquet")
    assert open_dataset("pairs.parquet", tmp_path).pairs == from_csv.pairs
    assert from_csv.deviation_kind == "standard error"
    assert from_csv.higher_is_better


def test_a_folder_in_the_place_of_a_set_is_told_how_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder: give the id of its set and --root"):
        open_dataset(str(tmp_path))


def test_the_column_and_direction_of_a_table_are_never_guessed(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        trees.touch(tmp_path / name)
    two = _csv(tmp_path / "two.csv", "reference,distorted,mos,dmos\na.png,b.png,1,2\n")
    with pytest.raises(InputError, match="name the column of opinions as in two.csv:mos"):
        open_dataset(str(two))
    worse = _csv(tmp_path / "worse.csv", "reference,distorted,dmos,dmos2\na.png,b.png,1,2\n")
    with pytest.raises(InputError, match="as in worse.csv:dmos:lower"):
        open_dataset(str(worse))
    # LIVE's dmos falls with quality and KADID-10k's grows.
    with pytest.raises(InputError, match=r"two\.csv:dmos:higher, or worse, two\.csv:dmos:lower"):
        open_dataset(f"{two}:dmos")
    assert not open_dataset(f"{two}:dmos:lower").higher_is_better
    assert open_dataset(f"{two}:dmos:Higher").higher_is_better
    assert open_dataset(f"{two}:mos").higher_is_better
    assert not open_dataset(f"{two}:mos:lower").higher_is_better
    assert open_dataset("two.csv:mos", tmp_path).opinions.tolist() == [1.0]
    # What is said with the table counts before what is said of all.
    assert not open_dataset(f"{two}:dmos:lower", higher_is_better=True).higher_is_better
    assert open_dataset(f"{two}:dmos", higher_is_better=True).higher_is_better
    odd = _csv(tmp_path / "odd.csv", "reference,distorted,score\na.png,b.png,1\n")
    with pytest.raises(InputError, match=r"odd\.csv:score:higher, or worse, odd\.csv:score:lower"):
        open_dataset(str(odd))
    assert not open_dataset(f"{odd}:lower").higher_is_better
    bad = _csv(tmp_path / "bad.csv", "reference,distorted,mos\na.png,c.png,1\n")
    numbers = score_set(open_dataset(str(bad)), PSNR())
    assert "c.png" in numbers.errors[0], "a file that is not there costs its own pair"
    nan = _csv(tmp_path / "nan.csv", "reference,distorted,mos\na.png,b.png,nan\n")
    with pytest.raises(InputError, match="expected a number, found 'nan'"):
        open_dataset(str(nan))
