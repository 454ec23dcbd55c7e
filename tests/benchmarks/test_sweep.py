"""The benchmark of sweeps: what it cuts, what it measures, what it writes."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

pytest.importorskip("imagecodecs", reason="JPEG XL needs imagecodecs")
pytest.importorskip("pytorch_msssim", reason="the loop by hand needs pytorch-msssim")

from benchmarks import sweep


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for name, size in (
        ("a.png", (190, 200, 3)),
        ("b.png", (100, 300, 3)),
        ("c.png", (176, 176, 3)),
    ):
        PIL.Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)).save(
            tmp_path / "photos" / name
        )
    return tmp_path / "photos"


def test_the_middle_of_photographs_that_are_large_enough_is_cut(
    photos: Path, tmp_path: Path
) -> None:
    files = sweep.cut(photos, 2, 176, tmp_path)
    assert [file.stem for file in files] == ["a", "c"]
    whole = np.asarray(PIL.Image.open(photos / "a.png"))
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(files[0])), whole[7:183, 12:188])
    with pytest.raises(SystemExit, match="2 photographs of 176 pixels a side, not 3"):
        sweep.cut(photos, 3, 176, tmp_path)


def test_every_way_of_working_is_measured_and_written(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "CODECS", ("jpeg", "jxl"))
    monkeypatch.setattr(sweep, "QUALITIES", (50, 90))
    out = tmp_path / "sweep.csv"
    small = ("--count", "1", "--side", "176", "--repeats", "1", "--threads", "1")
    small += ("--reduced", "torch")
    monkeypatch.setattr(sys, "argv", ["sweep", str(photos), *small, "--out", str(out)])
    sweep.main()
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["work"] for row in rows] == [
        "encoded and decoded only",
        "sweep with MSDS",
        "sweep with MSDS, torch bfloat16",
        "sweep with MSDS, PSNR and SSIM",
        "loop with MS-SSIM",
    ]
    shares = [name for name in rows[0] if name.startswith("share")]
    assert [float(rows[0][name]) for name in shares] == [0, 0]
    for row in rows:
        for name, share in zip(("seconds", "processor seconds"), shares, strict=True):
            assert float(row[share]) == pytest.approx(1 - float(rows[0][name]) / float(row[name]))
