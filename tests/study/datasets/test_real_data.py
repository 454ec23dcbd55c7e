"""Readers against the real score tables and images, where they are."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import trees
from msds.study.datasets import (
    DATASETS,
    check,
    open_dataset,
    shared_references,
)
from msds.study.datasets.csiq import rows as csiq_rows
from msds.study.datasets.files import text_lines

pytest.importorskip("scipy")


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
