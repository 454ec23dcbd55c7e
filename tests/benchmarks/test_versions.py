"""Oldest and newest versions: what is asked for, and what is made of the report of pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tomllib", reason="reads TOML, of Python 3.11")

from benchmarks import versions

REPORT = """<testsuites><testsuite tests="5" skipped="1" failures="1" errors="1">
<testcase classname="tests.a" name="one"/><testcase classname="tests.a" name="two"/>
<testcase classname="tests.a" name="left"><skipped/></testcase>
<testcase classname="tests.a" name="wrong"><failure/></testcase>
<testcase classname="tests.b" name="broken"><error/></testcase></testsuite></testsuites>"""


def test_what_only_tests_need_is_no_feature() -> None:
    features, tools = versions.asked_for()
    assert "torch" in {versions.bare(need) for need in features[""]}
    assert features.keys().isdisjoint({"dev", "docs"})
    assert "pytest" in {versions.bare(need) for need in tools}
    assert not {versions.bare(need) for need in tools} & {"msds-iqa", "torch"}


@pytest.mark.parametrize("need", ["Pillow_heif>=1.0", "pillow-heif==1.8.1", "pillow_heif[a]<2"])
def test_a_requirement_is_known_by_its_name(need: str) -> None:
    assert versions.bare(need) == "pillow-heif"


def test_passed_skipped_and_failed_tests_are_counted_and_the_failed_ones_named() -> None:
    found = versions.counted(REPORT)
    assert {key: found[key] for key in ("passed", "skipped", "failed")} == {
        "passed": 2,
        "skipped": 1,
        "failed": 2,
    }
    assert found["names"] == ["tests.a::wrong", "tests.b::broken"]


def test_a_room_is_tried_once_and_kept_for_its_environment_alone(tmp_path: Path) -> None:
    out = tmp_path / "kept.jsonl"
    versions._Kept(out, "3.12 newest").add("tests/a", lambda: versions.counted(REPORT))
    again = versions._Kept(out, "3.12 newest")
    again.add("tests/a", lambda: pytest.fail("tried twice"))
    assert not versions._Kept(out, "3.13 newest").records
    assert "| 3.12 newest |  | 2 | 1 | 2 |" in versions.table(again.records.values())
    assert "FAILED tests.b::broken" in versions.table(again.records.values())


def test_every_folder_of_tests_is_a_room() -> None:
    folders = {path.parent for path in (versions.ROOT / "tests").rglob("test_*.py")}
    rooms = {versions.ROOT / room for room in versions.rooms()}
    assert all(rooms & {folder, *folder.parents} for folder in folders if folder.name != "tests")
