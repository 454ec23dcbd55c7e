"""Weights tried where they were not learned: whom they beat, and where nothing is claimed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from msds.models import find_model
from msds.study.benchmark import Settings
from msds.study.datasets import RatedPair, RatedSet
from msds.study.datasets.base import names_of
from msds.study.fitting import fused, learn_shared_weights
from msds.study.learning import Plan, learn
from msds.study.measuring import Measured
from msds.study.model_file import fitted_model
from msds.study.pages.transfer import matrix_table, splits_table, unseen_table
from msds.study.splits import LEARNED, draw_splits, random_splits
from msds.study.transfer import ALL, EQUAL, ONE, study_transfer, without

TRUTH = np.array([0.1, 0.7, 0.2])
FEW = Settings(resamples=60)


def made_up(
    seed: int, truth: np.ndarray = TRUTH, count: int = 60, references: int = 10
) -> Measured:
    """A set whose opinions are level scores weighted by `truth`, and a little noise."""
    random = np.random.default_rng(seed)
    table = random.uniform(0.2, 1, (count, 3))
    opinions = table @ truth + random.normal(0, 0.02, count)
    pairs = tuple(
        RatedPair(Path(f"r{i % references}"), Path(f"d{i}"), float(q), f"r{i % references}")
        for i, q in enumerate(opinions)
    )
    return Measured(RatedSet(f"set{seed}", f"set {seed}", Path(), pairs, True, "MOS"), (table,))


def test_every_set_is_left_out_once_and_every_direction_is_tried() -> None:
    sets = [made_up(seed) for seed in range(3)]
    found = study_transfer(sets, settings=FEW)
    assert list(found.weights) == [
        *found.names,
        *(without(name) for name in found.names),
        ALL,
    ]
    for source in found.weights:
        for target, one in zip(found.names, sets, strict=True):
            seen = source in (target, ALL) or (
                source.startswith("all but") and target not in source
            )
            trial = found.trials[source, target]
            assert trial.seen is seen
            assert bool(trial.gains) is not seen
            scores = one.tables[0] @ found.weights[source]
            expected = stats.spearmanr(scores, one.data.opinions).statistic
            assert trial.agreement.srcc == pytest.approx(expected)
    rest = [sets[1], sets[2]]
    expected = learn_shared_weights([m.tables[0] for m in rest], [m.data.quality for m in rest])
    np.testing.assert_array_equal(found.rest("set 0"), expected)


def test_learned_weights_are_tested_against_level_1_and_against_equal_ones() -> None:
    found = study_transfer([made_up(0)], [made_up(1)], settings=FEW)
    gains = found.trials["set 0", "set 1"].gains
    assert list(gains) == [ONE, EQUAL]
    assert gains[ONE].difference > gains[EQUAL].difference > 0
    assert gains[ONE].p_value < 0.05
    row = unseen_table(found, "x").rows[0]
    assert row[:2] == ["set 0", "set 1"]
    assert row[3].value == pytest.approx(gains[ONE].difference)  # type: ignore[union-attr]
    # Holm: of two p-values, the smaller counts twice.
    smaller = min(gain.p_value for gain in gains.values())
    shown = [row[4].value, row[6].value]  # type: ignore[union-attr]
    assert min(shown) == pytest.approx(min(1, 2 * smaller))


def test_a_set_that_was_learned_on_is_no_test_by_whatever_name_it_comes() -> None:
    one = made_up(0)
    found = study_transfer([one], [one, made_up(1)], settings=FEW)
    assert found.names[0] != found.names[1]
    assert found.trials["set 0 (MOS)", found.names[1]].seen
    assert [row[1] for row in unseen_table(found, "x").rows] == ["set 1"]
    cells = matrix_table(found, "x").rows[0]
    assert [str(cell).endswith("*") for cell in cells[1:]] == [True, True, False]


def test_where_nothing_can_be_resampled_no_test_is_made() -> None:
    one = made_up(1)
    same = tuple(replace(pair, group="one") for pair in one.data.pairs)
    alone = Measured(replace(one.data, pairs=same), one.tables)
    found = study_transfer([made_up(0)], [alone], settings=FEW)
    assert found.trials["set 0", "set 1"].gains == {}
    assert unseen_table(found, "x").rows[0][4] is None


def test_sets_of_one_name_are_told_apart() -> None:
    data = made_up(0).data
    other = replace(data, opinion_name="DMOS")
    assert names_of([data, other]) == ["set 0 (MOS)", "set 0 (DMOS)"]
    assert names_of([data, data]) == ["set 0 (MOS)", "set 0 (MOS)'"]


def test_splits_keep_references_whole_and_are_all_different() -> None:
    groups = [f"r{i % 6}" for i in range(60)]
    splits = draw_splits(groups, 30, 0.8, 10, seed=1)
    # Five of six references to learn from: there are six ways.
    assert len(splits) == 6
    for train, test in splits:
        names = [{groups[i] for i in part} for part in (train, test)]
        assert names[0].isdisjoint(names[1])
        assert len(names[0]) == 5
        assert sorted([*train, *test]) == list(range(60))
    assert draw_splits(["one"] * 20, 5, 0.8, 2, seed=0) == []
    # A reference with nearly all pairs must be held out, or nothing is.
    lopsided = ["big"] * 40 + ["a"] * 6 + ["b"] * 6 + ["c"] * 6
    held_out = {
        frozenset(lopsided[i] for i in test) for _, test in draw_splits(lopsided, 9, 0.75, 10, 0)
    }
    assert held_out == {frozenset({"big"})}


def test_held_out_references_have_no_part_in_their_weights() -> None:
    one = made_up(4, count=60, references=6)
    found = random_splits(one.data, one.tables[0], 3, seed=2)
    assert found is not None
    train, test = draw_splits(one.data.groups, 3, 0.8, 10, 2)[0]
    weights = learn_shared_weights([one.tables[0][train]], [one.data.quality[train]])
    scores = fused(one.tables[0][test], weights)
    quality = one.data.quality[test]
    expected = [stats.spearmanr(scores, quality)[0], stats.kendalltau(scores, quality)[0]]
    np.testing.assert_allclose(found.values[LEARNED][0, :2], expected)
    assert found.wins(EQUAL) == "3 of 3"
    np.testing.assert_allclose(found.medians(ONE), np.median(found.values[ONE], axis=0))
    table = splits_table([("made up", found), ("other", None)], "x")
    assert [row[2] for row in table.rows] == [LEARNED, EQUAL, ONE]
    assert "other has too few references" in table.note


def test_several_sets_are_learned_together_and_the_model_names_them_all(tmp_path: Path) -> None:
    sets = [made_up(seed) for seed in range(3)]
    learned = learn(sets[:2], sets[2:], Plan(splits=2, resamples=30))
    np.testing.assert_allclose(learned.weights, TRUTH, atol=0.05)
    model = fitted_model(find_model("msds-compact"), "0" * 64, learned, "mine")
    assert [record["set"] for record in model.provenance["learned_on"]] == ["set 0", "set 1"]
    left_out = model.provenance["left_out"]
    assert [record["set"] for record in left_out] == ["set 0", "set 1"]
    assert left_out[0]["srcc"] > left_out[0]["srcc_equal_weights"] > left_out[0]["srcc_level_1"]
