"""Campaigns of damaged and hostile files, in small; those of images are in `tests/images`."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.abuse import journal, surroundings, texts, weights
from benchmarks.abuse.attempt import Attempt, Trial, table
from benchmarks.abuse.fuzz.__main__ import TARGETS
from msds.errors import InputError
from msds.metric import MSDS
from msds.pairs.manifest import read_manifest
from msds.study.datasets.manifest import read_manifest as read_rated


def failures(subject: ModuleType, scale: float) -> dict[str, dict[str, int]]:
    """What failed that must not, by the kind of thing that was tried."""
    attempts = [trial.run() for trial in subject.trials(scale, seed=1)]
    assert all(attempt.tried for attempt in attempts)
    return {attempt.what: attempt.failures for attempt in attempts if attempt.failed}


def test_no_damage_to_a_journal_changes_a_record_or_doubles_one() -> None:
    assert failures(journal, 0.01) == {}


@pytest.mark.slow
def test_no_damaged_weights_models_or_encodings_are_taken_for_whole() -> None:
    pytest.importorskip("safetensors")
    assert failures(weights, 0.01) == {}


@pytest.mark.slow
def test_tables_and_models_of_others_are_read_or_refused_in_one_line_that_names_them() -> None:
    pytest.importorskip("pyarrow")
    assert failures(texts, 0.005) == {}


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_what_is_fuzzed_begins_with_inputs_that_are_good(target: str) -> None:
    for module in (
        "imagecodecs",
        "OpenEXR",
        "pillow_heif",
        "pyvips",
        "starlette",
        "python_multipart",
    ):
        pytest.importorskip(module)
    from benchmarks.abuse.fuzz import targets

    run, seeds = targets.TARGETS[target]
    for data in seeds():
        run(data)


def test_characters_of_every_class_that_names_can_hold_are_drawn() -> None:
    drawn = surroundings.characters(2, seed=1)
    classes = {unicodedata.category(chr(code)) for code in range(0x110000)}
    assert set(drawn) == classes
    assert all(unicodedata.category(sign) == kind for kind in drawn for sign in drawn[kind])
    assert all("/" not in signs and "\0" not in signs for signs in drawn.values())


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
@pytest.mark.slow
def test_images_are_scored_whatever_their_names_hold() -> None:
    assert set(surroundings._names(1, seed=1)) <= {"scored", "no name on this disk"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_pipe_in_a_saved_model_is_not_waited_for(tmp_path: Path, file: str) -> None:
    MSDS("compact", levels=2, trunk_weights="random").save_pretrained(tmp_path)
    (tmp_path / file).unlink()
    os.mkfifo(tmp_path / file)
    with pytest.raises(InputError, match=rf"{file}: this is no regular file"):
        MSDS.from_pretrained(tmp_path)


def test_parquet_whose_text_is_none_is_refused(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "m.parquet"
    text = arrow.array([b"\xc3("]).cast(arrow.string(), safe=False)
    parquet.write_table(arrow.table({"reference": text, "distorted": ["b"]}), path)
    with pytest.raises(InputError, match=r"m\.parquet cannot be read as Parquet: 'utf-8' codec"):
        read_manifest(path)


def test_a_rated_row_without_a_column_that_others_have_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"reference": "a", "distorted": "b", "mos": 1}\n{"reference": "a"}\n')
    with pytest.raises(InputError, match=r"r\.jsonl row 2: there is no 'distorted'"):
        read_rated(path)


def test_a_table_counts_what_may_be_and_what_must_not() -> None:
    outcomes = ["refused", "read", "raised", "read"]
    attempt = Trial("things", lambda: outcomes, bad=("raised", "hung")).run()
    assert attempt == Attempt("things", {"refused": 1, "read": 2}, {"raised": 1})
    assert table([attempt]).splitlines()[-1] == "| things | 4 | 1 | 2 | 1 |"
