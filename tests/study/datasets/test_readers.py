"""Readers against miniature trees in the official layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import trees
from msds.errors import InputError
from msds.study.datasets import (
    check,
    open_dataset,
)

pytest.importorskip("scipy")


def test_live_takes_realigned_scores_and_leaves_the_copies_of_references_out(
    tmp_path: Path,
) -> None:
    data = open_dataset("live", trees.live(tmp_path))
    copies = sum(-(-count // 5) for count in (227, 233, 174, 174, 174))
    assert len(data) == 982 - copies
    assert not data.higher_is_better
    first = data.pairs[0]
    assert (first.distorted.name, first.reference.name) == ("img2.bmp", "womanhat.bmp")
    assert first.opinion == pytest.approx(20.1)
    assert first.deviation == 2.5
    assert data.distortions == ["jp2k", "jpeg", "wn", "gblur", "fastfading"]
    assert (data.quality == -data.opinions).all()


def test_live_opens_with_the_older_scores_alone_and_says_so(tmp_path: Path) -> None:
    from scipy.io import loadmat, savemat

    root = trees.live(tmp_path)
    table = loadmat(root / "dmos_realigned.mat")
    savemat(root / "dmos.mat", {"dmos": table["dmos_new"] + 1, "orgs": table["orgs"]})
    realigned = open_dataset("live", root)
    assert realigned.opinion_name == "realigned DMOS"
    (root / "dmos_realigned.mat").unlink()
    older = open_dataset("live", root)
    assert older.opinion_name == "DMOS, not realigned"
    (report,) = check(root, "live")
    assert any("dmos.mat, which are not realigned" in note for note in report.notes)
    np.testing.assert_allclose(older.opinions, realigned.opinions + 1)
    assert older.deviations is None


def test_live_refuses_lists_that_contradict_each_other(tmp_path: Path) -> None:
    root = trees.live(tmp_path)
    info = root / "wn" / "info.txt"
    info.write_text(info.read_text().replace("womanhat.bmp img2.bmp", "bikes.bmp img2.bmp"))
    with pytest.raises(InputError, match=r"refnames_all\.mat says"):
        open_dataset("live", root)


def test_live_takes_references_from_info_where_the_matlab_list_is_missing(tmp_path: Path) -> None:
    root = trees.live(tmp_path)
    with_list = open_dataset("live", root)
    (root / "refnames_all.mat").unlink()
    assert open_dataset("live", root).pairs == with_list.pairs


@pytest.mark.parametrize("table", ["xlsx", "csv", "txt"])
def test_csiq_reads_the_spreadsheet_and_its_other_forms(tmp_path: Path, table: str) -> None:
    if table == "xlsx":
        pytest.importorskip("openpyxl")
    data = open_dataset("csiq", trees.csiq(tmp_path, table))
    found = [(p.reference.name, p.distorted.name, p.opinion, p.deviation) for p in data.pairs]
    assert found[0] == ("1600.png", "1600.AWGN.1.png", 0.062, 0.061)
    assert found[1] == ("1600.png", "1600.jpeg2000.2.png", 0.135, 0.059)
    assert found[3][:2] == ("aerial_city.png", "aerial_city.contrast.3.png")
    assert not data.higher_is_better
    assert data.pairs[2].level == 5


def test_tid2013_finds_its_files_whatever_their_case(tmp_path: Path) -> None:
    data = open_dataset("tid2013", trees.tid2013(tmp_path))
    assert [p.distorted.name for p in data.pairs] == [
        "i01_01_1.bmp",
        "I01_24_5.BMP",
        "i25_10_3.bmp",
    ]
    assert [p.reference.name for p in data.pairs] == ["I01.BMP", "I01.BMP", "i25.bmp"]
    assert data.groups == ["i01", "i01", "i25"]
    assert data.higher_is_better
    assert data.pairs[2].distortion == "10 JPEG"
    assert data.standard_errors == pytest.approx([0.13, 0.15, 0.11])


def test_kadid_counts_its_dmos_as_higher_is_better_and_var_as_a_deviation(tmp_path: Path) -> None:
    data = open_dataset("kadid10k", trees.kadid(tmp_path))
    assert data.distortions == ["01 Gaussian blur", "25 contrast change"]
    assert data.higher_is_better
    # Thirty ratings of 1 and 2 with mean 1.1 deviate by sqrt(0.1 * 0.9) = 0.3.
    assert data.deviations == pytest.approx([0.496, 0.3, 0.9])
    assert data.standard_errors == pytest.approx(np.array([0.496, 0.3, 0.9]) / np.sqrt(30))


@pytest.mark.parametrize(("name", "part"), [("pipal", "Train"), ("pipal-val", "Val")])
def test_pipal_reads_one_list_of_elo_scores_per_reference(
    tmp_path: Path, name: str, part: str
) -> None:
    data = open_dataset(name, trees.pipal(tmp_path, part))
    assert [p.distorted.name for p in data.pairs][:2] == ["A0001_00_00.bmp", "A0001_04_11.bmp"]
    assert data.pairs[0].opinion == 1448.9539
    assert set(data.groups) == {"a0001", "a0060"}
    assert data.pairs[1].distortion == "04 denoising"
    assert data.higher_is_better


def test_qads_mdid_cidiq_and_pieapp_pair_scores_with_the_right_images(tmp_path: Path) -> None:
    qads = open_dataset("qads", trees.qads(tmp_path / "qads"))
    assert [(p.distorted.name, p.opinion) for p in qads.pairs] == [
        ("img01_2_1.bmp", 0.81234),
        ("img01_4_12.bmp", 0.12),
    ]
    mdid = open_dataset("mdid", trees.mdid(tmp_path / "mdid"))
    for pair in mdid.pairs:
        reference, index = (int(part) for part in pair.distorted.stem[3:].split("_"))
        assert pair.opinion == pytest.approx(reference / 10 + index / 100)
        assert pair.reference.stem == f"img{reference:02d}"
    cidiq = open_dataset("cidiq-50", trees.cidiq(tmp_path / "cidiq"))
    for pair in cidiq.pairs:
        reference, kind, level = (
            int(part[-1]) for part in pair.distorted.stem.replace("final", "").split("_")
        )
        assert pair.opinion == 100 * kind + 10 * reference + level
    pieapp = open_dataset("pieapp-test", trees.pieapp(tmp_path / "pieapp"))
    assert [p.opinion for p in pieapp.pairs] == [2.75, -0.1]
    assert [p.distortion for p in pieapp.pairs] == ["gaussian_blur", "jpeg"]
    assert not pieapp.higher_is_better


def test_retargetme_takes_the_votes_of_the_right_operators(tmp_path: Path) -> None:
    data = open_dataset("retargetme", trees.retargetme(tmp_path))
    assert len(data) == 16
    found = [(p.reference.name, p.distorted.name, p.distortion, p.opinion) for p in data.pairs]
    assert found[0] == ("ArtRoom.png", "ArtRoom_0.75_cr.png", "cropping", 0.0)
    assert found[3] == ("ArtRoom.png", "ArtRoom_0.75_sc.png", "seam carving", 3.0)
    assert found[12] == ("car1.png", "car1_0.50_scl.png", "scaling", 12.0)
    assert data.higher_is_better
    assert set(data.groups) == {"artroom", "car1"}
    assert check(tmp_path)[0].spec.id == "retargetme"
    (tmp_path / "car1" / "car1_0.50_sns.png").unlink()
    with pytest.raises(InputError, match=r"the first is car1/car1_0\.50_sns\.png"):
        open_dataset("retargetme", tmp_path)


def test_votes_in_another_form_are_refused(tmp_path: Path) -> None:
    from scipy.io import savemat

    trees.retargetme(tmp_path)
    savemat(tmp_path / "subjData-ref_37.mat", {"subjData": {"datasetNames": "x", "data": [1, 2]}})
    with pytest.raises(InputError, match="8 numbers in data; found 1 names"):
        open_dataset("retargetme", tmp_path)


def test_cuhk_is_read_from_a_table_and_says_which_one_is_needed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no pairs\.csv in it; write one with the columns"):
        open_dataset("cuhk-retargeting", tmp_path)
    for name in ("a.png", "a_sc.png"):
        trees.touch(tmp_path / name)
    table = "reference,distorted,mos,distortion\na.png,a_sc.png,61.5,seam\n"
    (tmp_path / "pairs.csv").write_text(table)
    data = open_dataset("cuhk-retargeting", tmp_path)
    assert [(p.group, p.distortion, p.opinion) for p in data.pairs] == [("a", "seam", 61.5)]
    assert data.higher_is_better


@pytest.mark.parametrize(
    ("name", "groups", "kinds", "better"),
    [
        (
            "tid2013-part",
            ["i06", "i06", "i25"],
            ["01 additive Gaussian noise", "24 sparse sampling and reconstruction", "10 JPEG"],
            True,
        ),
        ("live-part", ["sailing1.bmp", "sailing1.bmp", "monarch.bmp"], ["fastfading"] * 3, False),
        (
            "kadid-part",
            ["i01", "i01", "i80"],
            ["02 lens blur", "10 JPEG", "25 contrast change"],
            True,
        ),
    ],
)
def test_parts_open_by_name_with_the_names_of_the_whole_sets(
    tmp_path: Path, name: str, groups: list[str], kinds: list[str], better: bool
) -> None:
    trees.part(tmp_path / name, name)
    data = open_dataset(name, tmp_path)
    assert data.groups == groups
    assert [pair.distortion for pair in data.pairs] == kinds
    assert data.higher_is_better == better
    assert [report.spec.id for report in check(tmp_path)] == [name]
    if name == "live-part":
        assert data.opinions[0] == 73.5
        assert data.standard_errors == pytest.approx([2.8, 1.9, 2.2])
