"""Readers against miniature trees in the official layouts, and against the real score tables."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import trees
from msds.errors import InputError
from msds.scoring.classics import PSNR
from msds.study.datasets import (
    DATASETS,
    check,
    open_dataset,
    overlap_note,
    shared_references,
    without_shared,
)
from msds.study.datasets.csiq import rows as csiq_rows
from msds.study.datasets.files import Folder, text_lines
from msds.study.datasets.preference import read_bapps
from msds.study.measuring import score_set
from msds.study.statistics import agreement_2afc, mean_average_precision

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
    text = info.read_text().replace("bikes.bmp img2.bmp", "womanhat.bmp img2.bmp")
    info.write_text(text if text != info.read_text() else text.replace("womanhat", "bikes", 2))
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
    _csv(tmp_path / "pairs.csv", "reference,distorted,mos,distortion\na.png,a_sc.png,61.5,seam\n")
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


@pytest.mark.parametrize(
    ("name", "pairs", "references", "whole"),
    [
        ("tid2013-part", 135, 14, "tid2013"),
        ("live-part", 60, 3, "live"),
        ("kadid-part", 169, 40, "kadid10k"),
    ],
)
def test_the_real_parts_are_complete_and_their_types_agree_with_their_tables(
    shared_dir: Path, name: str, pairs: int, references: int, whole: str
) -> None:
    data = open_dataset(name, shared_dir / "data")
    assert (len(data), len(set(data.groups))) == (pairs, references)
    assert check(shared_dir / "data" / name, name)[0].complete
    assert data.higher_is_better == DATASETS[whole].higher_is_better
    column = "dmos_realigned:lower" if name == "live-part" else "mos"
    told = open_dataset(f"{shared_dir / 'data' / name / 'pairs.csv'}:{column}")
    for named, plain in zip(data.pairs, told.pairs, strict=True):
        kind = named.distortion.lower().replace("jpeg 2000", "jpeg2000")
        if name == "kadid-part":
            assert plain.distortion.removesuffix("s") in kind
        elif name == "tid2013-part":
            assert int(plain.distortion) == int(kind[:2])
        assert named.opinion == plain.opinion


def test_references_that_two_sets_share_are_known(tmp_path: Path) -> None:
    sets = {name: open_dataset(name, trees.part(tmp_path / name, name)) for name in
            ("tid2013-part", "live-part", "kadid-part")}  # fmt: skip
    tid, live, kadid = sets.values()
    assert shared_references(tid, live) == (("i06", "sailing1.bmp"),)
    assert shared_references(live, tid) == (("sailing1.bmp", "i06"),)
    assert shared_references(kadid, tid) == ()
    assert without_shared(tid, live).groups == ["i25"]
    assert overlap_note(tid, live) == (
        "1 of the 2 references of part of TID2013 are in part of LIVE release 2: i06."
    )
    assert overlap_note(kadid, live) == ""
    whole = open_dataset("tid2013", trees.tid2013(tmp_path / "tid"))
    assert shared_references(whole, tid) == (("i25", "i25"),)


def test_references_called_the_same_are_the_same_picture(shared_dir: Path) -> None:
    # TID's are windows of 512 x 384 of Kodak's 768 x 512, at the same scale; LIVE's are whole.
    signal = pytest.importorskip("scipy.signal")
    data = shared_dir / "data"
    tid, live = open_dataset("tid2013-part", data), open_dataset("live-part", data)
    known = {(a, b.removesuffix(".bmp")) for a, b in shared_references(tid, live)}
    assert known == {("i06", "sailing1"), ("i08", "buildings")}
    for name in ("sailing1", "buildings", "monarch"):
        whole = _small(data / "live-part" / "refimgs" / f"{name}.webp")
        found = {}
        for path in (data / "tid2013-part" / "reference_images").iterdir():
            window = _small(path)
            if any(a > b for a, b in zip(window.shape, whole.shape, strict=True)):
                continue
            window = window - window.mean()
            flat = np.ones_like(window)
            total = signal.fftconvolve(whole, flat, "valid")
            squares = signal.fftconvolve(whole**2, flat, "valid") - total**2 / flat.size
            match = signal.fftconvolve(whole, window[::-1, ::-1], "valid")
            norm = np.sqrt(np.maximum(squares, 1e-9) * (window**2).sum())
            found[path.stem] = float((match / norm).max())
        alike = {stem for stem, value in found.items() if value > 0.9}
        assert alike == {a for a, b in known if b == name}


def _small(path: Path) -> np.ndarray:
    image = Image.open(path).convert("L")
    size = (image.width // 4, image.height // 4)
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=float)


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
        assert [report.spec.id for report in check(folder)] == expected


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


def test_the_column_and_direction_of_a_table_are_never_guessed(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        trees.touch(tmp_path / name)
    two = _csv(tmp_path / "two.csv", "reference,distorted,mos,dmos\na.png,b.png,1,2\n")
    with pytest.raises(InputError, match="name the column of opinions as in two.csv:mos"):
        open_dataset(str(two))
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


def test_bapps_reads_both_tasks_and_scores_choices_as_its_authors_do(tmp_path: Path) -> None:
    root = trees.bapps(tmp_path)
    choices = read_bapps(root, "2afc")
    assert [(len(j.images), round(j.share, 3), j.kind) for j in choices.judgements] == [
        (3, 1.0, "cnn"),
        (3, 0.2, "traditional"),
    ]
    assert len(read_bapps(root, "jnd").judgements[0].images) == 2
    shares = np.array([1.0, 0.2, 0.3])
    # Chooses the second, the first, and neither: 1.0, 1 - 0.2, one half.
    found = agreement_2afc(np.array([0.1, 0.9, 0.5]), np.array([0.2, 0.3, 0.5]), shares)
    assert found == pytest.approx((1.0 + 0.8 + 0.5) / 3)
    with pytest.raises(InputError, match="2afc and jnd"):
        read_bapps(root, "mos")


def test_average_precision_of_jnd_agrees_with_a_count_by_hand() -> None:
    # Sorted by score: same, different, same. Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1.
    found = mean_average_precision(
        np.array([0.9, 0.8, 0.7]), np.array([1.0, 0.0, 1.0]), ["cnn", "cnn", "cnn"]
    )
    assert found == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_real_csiq_tables_agree_with_each_other(shared_dir: Path, tmp_path: Path) -> None:
    scores = shared_dir / "data" / "scores"
    tables = []
    for name, source in (
        ("csiq.DMOS.csv", scores / "VQMTCrossVal" / "csiq.DMOS.csv"),
        ("csiq.DMOS.txt", scores / "FPR" / "CSIQ_ref_dist_mos.txt"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(source, folder / name)
        tables.append([row for row, _ in csiq_rows(folder)])
    assert [len(table) for table in tables] == [866, 866]
    opinion = [
        {
            (r[0], r[2], r[1].lower().replace("awgn", "noise")): float(r[4].replace(",", "."))
            for r in t
        }
        for t in tables
    ]
    assert opinion[0].keys() == opinion[1].keys()
    worst = max(abs(opinion[0][key] - opinion[1][key]) for key in opinion[0])
    assert worst <= 0.0006


@pytest.mark.slow
def test_the_real_lists_of_tid2013_and_kadid_are_read_whole(
    shared_dir: Path, tmp_path: Path
) -> None:
    scores = shared_dir / "data" / "scores"
    tid = tmp_path / "tid"
    for number in range(1, 26):
        trees.touch(tid / "reference_images" / f"I{number:02d}.BMP")
    listed = scores / "FPR" / "tid2013_mos_with_names.txt"
    for line, _ in text_lines(listed):
        trees.touch(tid / "distorted_images" / line.split()[1].lower())
    shutil.copy(listed, tid / "mos_with_names.txt")
    report = check(tid, "tid2013")[0]
    assert report.complete
    kadid = tmp_path / "kadid"
    kadid.mkdir()
    shutil.copy(scores / "VQMTCrossVal" / "kadid10k.DMOS.csv", kadid / "dmos.csv")
    for number in range(1, 82):
        trees.touch(kadid / "images" / f"I{number:02d}.png")
    with (kadid / "dmos.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            trees.touch(kadid / "images" / row["dist_img"])
    assert check(kadid, "kadid10k")[0].complete


def _detail(path: Path) -> float:
    pixels = np.asarray(Image.open(path).convert("L"), dtype=float)
    return float(np.abs(np.diff(pixels, axis=0)).mean() + np.abs(np.diff(pixels, axis=1)).mean())


def test_reference_and_distorted_are_not_swapped_on_real_images(shared_dir: Path) -> None:
    # Noise adds detail and blur takes it away, which tells the two images of a pair apart.
    folder = shared_dir / "data" / "tid2013-part"
    data = open_dataset(str(folder / "pairs.csv"))
    assert len({pair.distorted for pair in data.pairs}) == len(data) == 135
    checked = set()
    for pair in data.pairs:
        assert pair.distorted.stem.startswith(pair.reference.stem + "_")
        if pair.distortion in ("1", "8"):
            gain = _detail(pair.distorted) - _detail(pair.reference)
            assert gain > 0 if pair.distortion == "1" else gain < 0
            checked.add(pair.distortion)
    assert checked == {"1", "8"}


def test_folders_are_listed_once_and_searched_in_any_case(tmp_path: Path) -> None:
    trees.touch(tmp_path / "A" / "Image.BMP")
    folder = Folder(tmp_path / "A")
    assert folder.find("image.bmp") == tmp_path / "A" / "Image.BMP"
    assert folder.find_or_name("other.bmp") == "A/other.bmp"


def test_bapps_is_benchmarked_by_choices_and_refused_as_opinions(tmp_path: Path) -> None:
    from msds.study.judgements import judge
    from msds.study.pages.judgements import judgement_table

    root = trees.bapps(tmp_path)
    # In the first judgement everybody chose the second patch: the one that is made exact here.
    image = trees.photograph(3)
    trees.save(root / "dataset/2afc/val/cnn/p0/000000.png", trees.noisy(image, 20))
    # In the other one in five did: choosing it earns 0.2.
    trees.save(root / "dataset/2afc/val/traditional/p0/000000.png", trees.noisy(image, 20))
    row = judgement_table(judge(root, "bapps-2afc", [PSNR()])).rows[0]
    assert row == ["PSNR", 1.0, pytest.approx(0.2), pytest.approx(0.6)]
    assert judgement_table(judge(root, "bapps-jnd", [PSNR()])).rows[0] == ["PSNR", 1.0, 1.0]
    with pytest.raises(InputError, match="judgements and no opinions"):
        open_dataset("bapps-2afc", root)
    assert {report.spec.id for report in check(root)} == {"bapps-2afc", "bapps-jnd"}
