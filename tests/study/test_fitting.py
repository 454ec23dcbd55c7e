"""Learned weights: known optima are found, and references are never seen twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from msds.errors import InputError
from msds.models import find_model, write_model
from msds.study.benchmark import Settings
from msds.study.datasets import RatedPair, RatedSet
from msds.study.fitting import fit_weights, fused, learn_weights, reference_folds, soft_ranks
from msds.study.learning import Plan, learn
from msds.study.measuring import Measured
from msds.study.model_file import fitted_model
from msds.study.pages.transfer import matrix_table, unseen_table
from msds.study.pages.weights import gains_table, weights_table
from msds.study.statistics import spearman
from msds.study.transfer import study_transfer

pytest.importorskip("scipy")


def made_up(count: int = 160, references: int = 16, seed: int = 0) -> tuple[RatedSet, np.ndarray]:
    """Opinions that follow 0.2 of level 2 and 0.8 of level 3; levels 1 and 4 are noise."""
    random = np.random.default_rng(seed)
    table = random.uniform(0.2, 1, (count, 4))
    truth = 0.2 * table[:, 1] + 0.8 * table[:, 2]
    quality = np.tanh(3 * (truth - 0.6)) + random.normal(0, 0.02, count)
    pairs = tuple(
        RatedPair(Path(f"r{i % references}"), Path(f"d{i}"), float(q), f"r{i % references}")
        for i, q in enumerate(quality)
    )
    return RatedSet("made-up", "made up", Path(), pairs, True, "quality"), table


@pytest.mark.parametrize("objective", ["srcc", "logistic"])
def test_both_objectives_find_the_weights_that_made_the_opinions(objective: str) -> None:
    data, table = made_up()
    weights = learn_weights(table, data.quality, objective=objective)  # type: ignore[arg-type]
    np.testing.assert_allclose(weights, [0, 0.2, 0.8, 0], atol=0.04)
    assert weights.sum() == pytest.approx(1)


def test_the_learned_weights_are_no_worse_than_a_grid_over_the_simplex() -> None:
    random = np.random.default_rng(5)
    table = random.uniform(0, 1, (120, 3))
    quality = table @ [0.5, 0.4, 0.1] + random.normal(0, 0.1, 120)
    best = max(
        spearman(table @ np.array([a, b, 1 - a - b]), quality)
        for a in np.linspace(0, 1, 21)
        for b in np.linspace(0, 1 - a, 21)
    )
    found = spearman(table @ learn_weights(table, quality), quality)
    assert found > best - 0.004


def test_geometric_fusion_learns_the_exponents_that_made_the_opinions() -> None:
    random = np.random.default_rng(1)
    table = random.uniform(0.2, 1, (150, 3))
    quality = np.exp(np.log(table) @ [0.7, 0.0, 0.3])
    weights = learn_weights(table, quality, form="geometric")
    np.testing.assert_allclose(weights, [0.7, 0, 0.3], atol=0.04)


def test_soft_ranks_of_a_large_set_are_those_of_all_its_pairs() -> None:
    random = np.random.default_rng(2)
    scores = torch.from_numpy(random.standard_t(3, 3000)).requires_grad_(True)
    pull = torch.from_numpy(random.normal(size=3000))
    found, gradients = [], []
    for most in (3000, 1200):
        soft = soft_ranks(scores, most)
        found.append(soft.detach().numpy())
        gradients.append(torch.autograd.grad((soft * pull).sum(), scores)[0].numpy())
    # A knot stands at every second or third score, so no rank is further off than that.
    assert np.abs(found[0] - found[1]).max() < 3
    assert np.corrcoef(*gradients)[0, 1] > 0.9999
    assert spearman(found[1], scores.detach().numpy()) == pytest.approx(1)


def test_every_pair_of_a_large_set_takes_part_in_the_weights() -> None:
    # Whatever the order of the pairs the weights are the same: none is drawn by chance.
    random = np.random.default_rng(3)
    table = random.uniform(0.2, 1, (3000, 2))
    quality = table @ [0.35, 0.65] + random.normal(0, 0.15, 3000)
    weights = learn_weights(table, quality)
    order = random.permutation(3000)
    np.testing.assert_allclose(learn_weights(table[order], quality[order]), weights, atol=2e-4)
    best = max(np.linspace(0, 1, 201), key=lambda w: spearman(table @ [w, 1 - w], quality))
    found = spearman(table @ weights, quality)
    assert found >= spearman(table @ [best, 1 - best], quality) - 2e-4


def test_folds_split_references_and_leave_each_unseen_once() -> None:
    groups = [f"r{i % 7}" for i in range(70)]
    folds = reference_folds(groups, 3, seed=4)
    assert sorted(np.concatenate(folds).tolist()) == list(range(70))
    seen = [{groups[i] for i in fold} for fold in folds]
    assert sum(len(names) for names in seen) == 7
    assert {len(names) for names in seen} == {2, 3}
    assert not np.array_equal(folds[0], reference_folds(groups, 3, seed=5)[0])
    with pytest.raises(InputError, match="7 references cannot be split into 8 folds"):
        reference_folds(groups, 8, seed=0)
    with pytest.raises(InputError, match=r"All pairs are of one reference, a\.png: .* two or more"):
        reference_folds(["a.png"] * 9, 5, seed=0)


def test_a_fit_gains_over_its_rivals_on_unseen_references() -> None:
    data, table = made_up()
    fit = fit_weights(data, table, folds=4, seeds=2, resamples=100)
    assert fit.fold_weights.shape == (8, 4)
    assert fit.unseen.shape == (2, 160)
    assert fit.srcc.mean() > 0.97
    assert fit.rivals["equal weights"] == pytest.approx(
        spearman(fused(table, [0.25] * 4), data.quality)
    )
    gain = fit.gains["equal weights"]
    assert gain.difference > 0.1
    assert gain.p_value < 0.05
    assert fit.gains["level 3"].difference > 0
    assert len(weights_table(data, fit).rows) == 4
    assert len(gains_table(data, fit).rows) == 5


def test_a_set_that_shows_references_of_the_set_learned_on_is_marked() -> None:
    data, table = made_up(count=60, references=6)

    def called(identity: str, title: str, names: list[str]) -> RatedSet:
        pairs = tuple(
            RatedPair(p.reference, p.distorted, p.opinion, names[i % len(names)])
            for i, p in enumerate(data.pairs)
        )
        return RatedSet(identity, title, Path(), pairs, True, "MOS")

    live = called("live", "LIVE", ["sailing1.bmp", "monarch.bmp"])
    tid = called("tid2013", "TID2013", ["i06", "i25", "i07"])
    other = called("kadid10k", "KADID-10k", ["i06", "i07"])
    sets = [Measured(one, (table,)) for one in (live, tid, other)]
    found = study_transfer(sets[:1], sets[1:], settings=Settings(resamples=20))
    rows = unseen_table(found, "made up").rows
    assert [row[1] for row in rows] == ["TID2013 †", "KADID-10k"]
    matrix = matrix_table(found, "made up")
    assert "1 of the 3 references of TID2013 are in LIVE: i06." in matrix.note
    assert [str(cell)[-1] for cell in matrix.rows[0][1:3]] == ["*", "†"]


def test_unseen_scores_do_not_depend_on_the_opinions_of_their_own_reference() -> None:
    data, table = made_up(count=60, references=6)
    first = fit_weights(data, table, folds=3, seeds=1, resamples=20)
    fold = reference_folds(data.groups, 3, seed=0)[0]
    pairs = list(data.pairs)
    random = np.random.default_rng(0)
    for index in fold:
        old = pairs[index]
        pairs[index] = RatedPair(old.reference, old.distorted, float(random.normal()), old.group)
    shuffled = RatedSet(data.id, data.title, data.root, tuple(pairs), True, "quality")
    second = fit_weights(shuffled, table, folds=3, seeds=1, resamples=20)
    np.testing.assert_array_equal(first.unseen[0, fold], second.unseen[0, fold])


def test_gaps_and_too_few_pairs_are_refused() -> None:
    _, table = made_up()
    with pytest.raises(InputError, match="too few"):
        learn_weights(table[:6], np.arange(6.0))
    table[3, 2] = np.nan
    with pytest.raises(InputError, match="too small for all levels"):
        learn_weights(table, np.arange(160.0))


def test_the_model_file_is_readable_and_is_read_back_as_it_was_learned(tmp_path: Path) -> None:
    data, table = made_up(count=80, references=8)
    learned = learn([Measured(data, (table,))], plan=Plan(folds=2, seeds=1, splits=2, resamples=20))
    model = fitted_model(find_model("msds-compact"), "0" * 64, learned, "mine")
    path = tmp_path / "mine.json"
    write_model(path, model)
    read = find_model(path)
    assert read.id == "mine"
    assert read.settings.weights == pytest.approx(learned.weights, abs=1e-7)
    assert read.provenance["learned_on"]["fingerprint"] == data.fingerprint
    assert read.provenance["cross_validation"]["folds"] == 2
    assert "versions" in read.provenance
