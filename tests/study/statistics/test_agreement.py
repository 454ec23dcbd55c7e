"""Agreement with people: signs, resampled references, outliers, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from msds.errors import InputError
from msds.study import statistics as ours

pytest.importorskip("scipy")


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
    samples = ours.reference_resamples(references, 200)
    scores = quality + 2 * offset
    found = ours.agreement(scores, quality, references=references, samples=samples)
    boot, fisher = found.bootstrap["srcc"], found.fisher["srcc"]
    assert boot.low <= found.srcc <= boot.high
    assert found.references == 10
    same = ours.reference_resamples(references, 200)
    again = ours.agreement(scores, quality, references=references, samples=same)
    assert again.bootstrap == found.bootstrap
    assert fisher.low < found.srcc < fisher.high
    assert boot.high - boot.low > fisher.high - fisher.low
    assert found.bootstrap["rmse"].low < found.rmse < found.bootstrap["rmse"].high


def test_outlier_ratio_counts_residuals_beyond_two_deviations() -> None:
    mapped = np.array([1.0, 2.0, 3.0, 4.0])
    opinions = np.array([1.1, 2.0, 3.5, 1.0])
    assert ours.outlier_ratio(mapped, opinions, np.array([0.1, 0.1, 0.1, 2.0])) == 0.25


def test_scores_that_are_not_finite_are_refused_with_their_position() -> None:
    with pytest.raises(InputError, match=r"1 scores are not finite, the first at position 2"):
        ours.agreement([1, 2, math.nan, 4], [1, 2, 3, 4])
    with pytest.raises(InputError, match="equally long"):
        ours.agreement([1, 2, 3], [1, 2])
