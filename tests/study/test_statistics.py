"""Correlations and intervals against scipy, closed forms and published figures."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msds.errors import InputError
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


def test_fisher_interval_of_pearson_agrees_with_scipy() -> None:
    random = np.random.default_rng(3)
    a = random.normal(size=50)
    b = a + random.normal(size=50)
    expected = stats.pearsonr(a, b).confidence_interval(0.95)
    found = ours.fisher_interval(ours.pearson(a, b), 50)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_fisher_interval_of_spearman_is_wider_and_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    truth = 6 / math.pi * math.asin(0.8 / 2)  # Spearman's coefficient of a Gaussian pair, rho 0.8
    hits = 0
    for _ in range(400):
        a = random.normal(size=60)
        b = 0.8 * a + 0.6 * random.normal(size=60)
        interval = ours.fisher_interval(ours.spearman(a, b), 60, "srcc")
        hits += interval.low <= truth <= interval.high
    assert 0.92 <= hits / 400 <= 0.98


def test_disagreement_has_a_negative_sign_whatever_the_direction_of_the_scores() -> None:
    quality = np.linspace(0, 1, 30)
    for same in (True, False):
        opinions = quality if same else -quality
        good = ours.agreement(quality**2, opinions, same_direction=same)
        bad = ours.agreement(-(quality**2), opinions, same_direction=same)
        for name in ("srcc", "krcc", "plcc", "plcc_raw"):
            assert getattr(good, name) > 0.9, name
            assert getattr(bad, name) < -0.9, name


def test_bootstrap_draws_whole_references_and_is_wider_than_fisher_when_they_differ() -> None:
    random = np.random.default_rng(1)
    references = [f"r{i // 20}" for i in range(200)]
    offset = np.repeat(random.normal(size=10), 20)
    quality = random.normal(size=200)
    for sample in ours.reference_resamples(references, 5, seed=2):
        counts = np.bincount(sample, minlength=200).reshape(10, 20)
        assert (counts == counts[:, :1]).all()
    found = ours.agreement(quality + 2 * offset, quality, references=references, resamples=200)
    boot, fisher = found.bootstrap["srcc"], found.fisher["srcc"]
    assert boot.low <= found.srcc <= boot.high
    assert found.references == 10
    again = ours.agreement(quality + 2 * offset, quality, references=references, resamples=200)
    assert again.bootstrap == found.bootstrap
    assert fisher.low < found.srcc < fisher.high


def test_outlier_ratio_counts_residuals_beyond_two_deviations() -> None:
    mapped = np.array([1.0, 2.0, 3.0, 4.0])
    opinions = np.array([1.1, 2.0, 3.5, 1.0])
    assert ours.outlier_ratio(mapped, opinions, np.array([0.1, 0.1, 0.1, 2.0])) == 0.25


def test_averages_over_sets_are_weighted_by_pairs_or_not() -> None:
    random = np.random.default_rng(5)
    sets = {}
    for name, n in (("small", 20), ("large", 80)):
        a = random.normal(size=n)
        sets[name] = ours.agreement(a, a + random.normal(size=n))
    weighted = ours.weighted_average(sets, lambda r: r.srcc)
    plain = ours.weighted_average(sets, lambda r: r.srcc, by_pairs=False)
    small, large = sets["small"].srcc, sets["large"].srcc
    assert weighted == pytest.approx(0.2 * small + 0.8 * large)
    assert plain == pytest.approx(0.5 * small + 0.5 * large)


def test_scores_that_are_not_finite_are_refused_with_their_position() -> None:
    with pytest.raises(InputError, match=r"1 scores are not finite, the first at position 2"):
        ours.agreement([1, 2, math.nan, 4], [1, 2, 3, 4])
    with pytest.raises(InputError, match="equally long"):
        ours.agreement([1, 2, 3], [1, 2])


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
