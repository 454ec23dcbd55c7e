"""Correlations against scipy, counts by hand and published figures."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msds.study import statistics as ours

stats = pytest.importorskip("scipy.stats")

whole = st.integers(min_value=-20, max_value=20)
PUBLISHED_FILES = {
    "CSIQ": "csiq.VQMT.csv",
    "IVC": "IVC.VQMT.csv",
    "JPEG XR": "JPEGXR.VQMT.csv",
    "KADID-10k": "kadid10k.VQMT.csv",
    "LIVE2": "LIVE2.VQMT.csv",
    "TID2013": "TID2013.VQMT.csv",
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(whole, whole), min_size=4, max_size=40))
def test_rank_correlations_agree_with_scipy_also_with_ties(pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    if len(set(a)) < 2 or len(set(b)) < 2:
        assert math.isnan(ours.spearman(a, b))
        return
    assert ours.spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
    assert ours.kendall(a, b) == pytest.approx(stats.kendalltau(a, b).statistic, abs=1e-12)
    assert ours.pearson(a, b) == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-9)
    np.testing.assert_allclose(ours.ranks(a), stats.rankdata(a))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(whole, whole), min_size=2, max_size=30))
def test_kendall_is_tau_b_counted_by_hand(pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    i, j = np.triu_indices(a.size, k=1)
    da, db = np.sign(a[i] - a[j]), np.sign(b[i] - b[j])
    norm = math.sqrt(float(np.sum(da**2) * np.sum(db**2)))
    if norm == 0:
        assert math.isnan(ours.kendall(a, b))
    else:
        assert ours.kendall(a, b) == pytest.approx(float(np.sum(da * db)) / norm, abs=1e-12)


def _published(folder: Path) -> list[dict[str, str]]:
    with (folder / "published.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_eighteen_published_correlations_are_reproduced(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "scores" / "VQMTCrossVal"
    rows = _published(folder)
    assert len(rows) == 18
    checked = 0
    for row in rows:
        with (folder / PUBLISHED_FILES[row["dataset"]]).open(newline="") as file:
            table = list(csv.DictReader(file))
        opinion = next(c for c in ("mos", "dmos", "dmos_new") if c in table[0])
        scores = np.array([float(line[row["metric"]]) for line in table])
        opinions = np.array([float(line[opinion]) for line in table])
        found = (
            ours.pearson(scores, opinions),
            ours.spearman(scores, opinions),
            ours.kendall(scores, opinions),
        )
        expected = tuple(float(row[c]) for c in ("plcc_raw", "srocc", "krocc"))
        # Published to three digits; the first six sets' columns were rounded there.
        assert found == pytest.approx(expected, abs=1.01e-3), (row["dataset"], row["metric"])
        checked += 1
    assert checked == 18
