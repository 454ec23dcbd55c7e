"""Choices of people between images, scored as their authors do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import trees
from msds.errors import InputError
from msds.scoring.classics import PSNR
from msds.study.datasets import (
    check,
    open_dataset,
)
from msds.study.datasets.preference import read_bapps
from msds.study.statistics import agreement_2afc, mean_average_precision

pytest.importorskip("scipy")


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
