"""The journal: nothing that was kept is lost, doubled or changed, whatever happens to the file."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.records import RUN, plan_of, score_of
from msds.errors import InputError
from msds.pairs import Plan
from msds.results import Journal


def fill(path: Path, plan: Plan, rows: list[int]) -> None:
    with Journal(path, plan, RUN) as journal:
        for row in rows:
            journal.add(row, score_of(row))


def test_a_journal_gives_back_all_records_in_the_order_of_the_plan(tmp_path: Path) -> None:
    plan = plan_of(8)
    rows = random.Random(1).sample(range(8), 8)
    fill(tmp_path / "j", plan, rows[:3])
    fill(tmp_path / "j", plan, rows[3:])
    with Journal(tmp_path / "j", plan, RUN) as journal:
        assert journal.rows == set(range(8))
        assert list(journal.scores()) == [(row, score_of(row)) for row in range(8)]
        journal.remove()
    assert not (tmp_path / "j").exists()


def test_of_several_records_of_a_pair_the_last_counts(tmp_path: Path) -> None:
    plan = plan_of(2)
    fill(tmp_path / "j", plan, [0, 1])
    again = replace(score_of(0), score=-0.5)
    with Journal(tmp_path / "j", plan, RUN) as journal:
        journal.add(0, again)
    with Journal(tmp_path / "j", plan, RUN) as journal:
        assert dict(journal.scores()) == {0: again, 1: score_of(1)}


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
            journal.add(1, score_of(1))
        with Journal(path, plan, RUN) as journal:
            assert journal.rows == expected | {1}
            assert dict(journal.scores())[1] == score_of(1)


def test_a_journal_goes_on_with_a_plan_that_has_grown_and_has_another_order(tmp_path: Path) -> None:
    fill(tmp_path / "j", plan_of(3), [2, 0])
    grown = Plan(tuple(reversed(plan_of(5, quality="7").pairs)))
    with Journal(tmp_path / "j", grown, RUN) as journal:
        assert dict(journal.scores()) == {
            4: score_of(0, quality="7"),
            2: score_of(2, quality="7"),
        }
        assert journal.others == []


def test_a_journal_tells_the_pairs_that_are_not_in_the_plan(tmp_path: Path) -> None:
    fill(tmp_path / "j", plan_of(3), [2, 0])
    with Journal(tmp_path / "j", plan_of(2), RUN) as journal:
        assert journal.others == [("r2.png", "d2.png")]
        assert journal.rows == {0}


def test_a_pair_that_stands_twice_in_a_plan_is_kept_for_both(tmp_path: Path) -> None:
    plan = Plan(plan_of(2).pairs + plan_of(1, mos="3").pairs)
    fill(tmp_path / "j", plan, [0])
    with Journal(tmp_path / "j", plan, RUN) as journal:
        assert dict(journal.scores()) == {0: score_of(0), 2: score_of(0, mos="3")}


def test_a_journal_of_another_model_or_settings_is_refused_with_the_difference(
    tmp_path: Path,
) -> None:
    path = tmp_path / "j"
    fill(path, plan_of(3), [0])
    before = path.read_bytes()
    others = [
        (replace(RUN, fingerprint="0" * 64, model="other"), "another model: msds-test"),
        (
            replace(RUN, settings={**RUN.settings, "background": "black"}),
            "other settings: background differ",
        ),
    ]
    for run, message in others:
        with pytest.raises(InputError) as error:
            Journal(path, plan_of(3), run)
        assert message in str(error.value)
    assert path.read_bytes() == before


def test_every_line_of_a_journal_is_json(tmp_path: Path) -> None:
    fill(tmp_path / "j", plan_of(4), [0, 3])
    header, *records = map(json.loads, (tmp_path / "j").read_text().splitlines())
    assert header["format"] == "msds-journal-2"
    assert [record["distorted"] for record in records] == ["d0.png", "d3.png"]


def test_no_flip_of_a_bit_changes_a_record_or_costs_another(tmp_path: Path) -> None:
    path, plan = tmp_path / "j", plan_of(4)
    fill(path, plan, [0, 1, 3])
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    expected = {row: score_of(row) for row in (0, 1, 3)}
    generator = random.Random(0)
    # Every bit of what frames a record, and some of all others.
    places = {first + k for k in range(24)} | {whole.index(b"\n", first) + k for k in range(-3, 4)}
    places |= {generator.randrange(first, len(whole)) for _ in range(400)}
    for place in sorted(places):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        with Journal(path, plan, RUN) as journal:
            found = dict(journal.scores())
            assert found.items() <= expected.items()
            assert len(found) >= 1
            assert journal.damaged + len(found) >= 2
            for row in expected.keys() - found.keys():
                journal.add(row, score_of(row))
        with Journal(path, plan, RUN) as journal:
            assert dict(journal.scores()) == expected


def test_a_flip_of_a_bit_in_the_header_is_a_refusal_or_changes_nothing(tmp_path: Path) -> None:
    path, plan = tmp_path / "j", plan_of(2)
    fill(path, plan, [0, 1])
    whole = path.read_bytes()
    for place in range(whole.index(b"\n") + 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="is not a journal of results, or its first line"):
            Journal(path, plan, RUN)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ('{"something": "else"}', "is not a journal"),
        ("[1, 2]", "is not a journal"),
        ("nothing", "is not a journal"),
        ('{"format": "msds-journal-1"}', "its first line has no 'model'"),
        (
            '{"format": "msds-journal-1", "model": "m", "fingerprint": 5, "settings": {}}',
            "its first line has no 'fingerprint'",
        ),
        (
            '{"format": "msds-journal-1", "model": "m", "fingerprint": "", "settings": {}}',
            "its first line has no 'pairs'",
        ),
    ],
)
def test_a_first_line_that_is_not_whole_is_an_error_in_one_sentence(
    tmp_path: Path, header: str, message: str
) -> None:
    (tmp_path / "j").write_text(header + "\n")
    with pytest.raises(InputError, match=message):
        Journal(tmp_path / "j", plan_of(2), RUN)


def test_two_runs_cannot_write_the_same_journal(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with (
        Journal(tmp_path / "j", plan_of(2), RUN),
        pytest.raises(InputError, match="another run is writing"),
    ):
        Journal(tmp_path / "j", plan_of(2), RUN)
    Journal(tmp_path / "j", plan_of(2), RUN).remove()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_journal_that_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "j")
    with pytest.raises(InputError, match="j: this is no regular file"):
        Journal(tmp_path / "j", plan_of(2), RUN)


def test_a_journal_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="results cannot be written there"):
        Journal(tmp_path / "file" / "j", plan_of(2), RUN)
