"""Sets by name: where they lie, what of them is there, what two of them share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import trees
from msds.errors import InputError
from msds.study.datasets import (
    DATASETS,
    check,
    open_dataset,
    overlap_note,
    shared_references,
)
from msds.study.datasets.files import Folder

pytest.importorskip("scipy")


def test_references_that_two_sets_share_are_known(tmp_path: Path) -> None:
    sets = {name: open_dataset(name, trees.part(tmp_path / name, name)) for name in
            ("tid2013-part", "live-part", "kadid-part")}  # fmt: skip
    tid, live, kadid = sets.values()
    assert shared_references(tid, live) == (("i06", "sailing1.bmp"),)
    assert shared_references(live, tid) == (("sailing1.bmp", "i06"),)
    assert shared_references(kadid, tid) == ()
    assert overlap_note(tid, live) == (
        "1 of the 2 references of part of TID2013 are in part of LIVE release 2: i06."
    )
    assert overlap_note(kadid, live) == ""
    whole = open_dataset("tid2013", trees.tid2013(tmp_path / "tid"))
    assert shared_references(whole, tid) == (("i25", "i25"),)


def test_a_missing_image_is_named_with_the_place_to_get_it(tmp_path: Path) -> None:
    root = trees.tid2013(tmp_path)
    (root / "distorted_images" / "i25_10_3.bmp").unlink()
    with pytest.raises(
        InputError, match=r"first is distorted_images/i25_10_3\.bmp; get it from https://\S+ and"
    ):
        open_dataset("tid2013", root)
    report = check(root, "tid2013")[0]
    assert (report.found, report.missing) == (2, ("distorted_images/i25_10_3.bmp",))
    assert not report.complete


def test_check_recognises_what_lies_in_a_folder(tmp_path: Path) -> None:
    trees.kadid(tmp_path / "KADID-10k")
    trees.cidiq(tmp_path / "CIDIQ", 100)
    trees.live(tmp_path / "databaserelease2")
    trees.qads(tmp_path / "QADS")
    found = {report.spec.id: report.found for report in check(tmp_path)}
    assert found == {"kadid10k": 3, "cidiq-100": 8, "live": 784, "qads": 2}


def test_the_two_tid_sets_are_told_apart_by_what_they_list(tmp_path: Path) -> None:
    # TID2008 has types 1 to 17 at 4 levels, TID2013 has 1 to 24 at 5: a part may be of either.
    every = [(kind, level) for kind in range(1, 25) for level in range(1, 6)]
    whole = [(kind, level) for kind, level in every if kind < 18 and level < 5]
    for name, kinds, expected in (
        ("newer", every, ["tid2013"]),
        ("older", whole, ["tid2008"]),
        ("level", [(1, 5)], ["tid2013"]),
        ("type", [(18, 1)], ["tid2013"]),
        ("either", [(17, 4)], ["tid2008", "tid2013"]),
    ):
        folder = tmp_path / name
        (folder / "distorted_images").mkdir(parents=True)
        lines = [f"5.0 i{n:02d}_{k:02d}_{v}.bmp\n" for n in range(1, 26) for k, v in kinds]
        (folder / "mos_with_names.txt").write_text("".join(lines))
        reports = check(folder)
        assert [report.spec.id for report in reports] == expected
        doubts = [note for report in reports for note in report.notes if "--dataset" in note]
        assert len(doubts) == (2 if len(expected) == 2 else 0)


def test_both_tid_sets_open_by_name_from_one_folder_that_holds_them(tmp_path: Path) -> None:
    trees.tid2013(tmp_path / "b")
    trees.tid2008(tmp_path / "a")
    assert open_dataset("tid2013", tmp_path).root == tmp_path / "b"
    assert open_dataset("tid2008", tmp_path).root == tmp_path / "a"
    assert [report.spec.id for report in check(tmp_path)] == ["tid2008", "tid2013"]


def test_sets_are_found_one_folder_down_as_archives_unpack_them(tmp_path: Path) -> None:
    trees.kadid(tmp_path / "kadid10k")
    assert len(open_dataset("kadid10k", tmp_path)) == 3


def test_every_known_set_says_where_it_comes_from_and_what_it_holds() -> None:
    for spec in DATASETS.values():
        assert spec.url.startswith("http")
        assert spec.pairs > spec.references > 1
        assert spec.licence
        assert spec.citation


def test_unknown_sets_and_missing_roots_say_what_is_possible(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="known are live, csiq"):
        open_dataset("tid2014", tmp_path)
    with pytest.raises(InputError, match="--root"):
        open_dataset("tid2013")
    with pytest.raises(InputError, match="no such folder"):
        open_dataset("tid2013", tmp_path / "nowhere")


def test_the_fingerprint_follows_names_and_opinions(tmp_path: Path) -> None:
    data = open_dataset("kadid10k", trees.kadid(tmp_path / "a"))
    same = open_dataset("kadid10k", Path(shutil.copytree(tmp_path / "a", tmp_path / "b")))
    assert same.fingerprint == data.fingerprint
    table = tmp_path / "b" / "dmos.csv"
    table.write_text(table.read_text().replace("4.57", "4.58"))
    assert open_dataset("kadid10k", tmp_path / "b").fingerprint != data.fingerprint


def test_folders_are_listed_once_and_searched_in_any_case(tmp_path: Path) -> None:
    trees.touch(tmp_path / "A" / "Image.BMP")
    folder = Folder(tmp_path / "A")
    assert folder.find("image.bmp") == tmp_path / "A" / "Image.BMP"
    assert folder.find_or_name("other.bmp") == "A/other.bmp"
