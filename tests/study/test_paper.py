"""The paper's comparison on made-up opinions whose answer is known, and on miniature trees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from helpers import trees
from helpers.small_trunk import small_trunk
from msds.metric import MSDS
from msds.pairs import Pair
from msds.results import Score
from msds.scoring.contenders import DeepContender
from msds.study.benchmark import Settings
from msds.study.datasets import RatedSet
from msds.study.datasets.base import RatedPair
from msds.study.fitting import learn_shared_weights, learn_weights
from msds.study.pages.paper import paper_page
from msds.study.paper import LEARNED, find_sets, study_paper
from msds.study.transfer import EQUAL, ONE, without

WEIGHTS = np.array([0.1, 0.6, 0.2, 0.1])


class Given(DeepContender):
    """Level scores that were drawn, in place of measured ones."""

    def __init__(self, tables: dict[str, np.ndarray]) -> None:
        super().__init__(MSDS(small_trunk()))
        self.tables = tables

    def scores(
        self, pairs: Sequence[Pair], rows: Iterable[int], *_: object
    ) -> Iterator[tuple[int, Score]]:
        for row in rows:
            levels = tuple(self.tables[pairs[row].reference.split("/")[0]][row])
            yield row, Score(pairs[row].reference, pairs[row].distorted, levels[0], levels)


def made_up(tmp_path: Path, count: int = 3) -> tuple[list[RatedSet], Given]:
    """Sets whose opinions are those of `WEIGHTS`, and a little noise."""
    sets, tables = [], {}
    for number in range(count):
        random = np.random.default_rng(number)
        table = random.random((160, 4))
        opinions = table @ WEIGHTS + random.normal(0, 0.01, 160)
        name = f"set{number}"
        pairs = tuple(
            RatedPair(
                tmp_path / name / f"r{i // 8}.png",
                tmp_path / name / f"d{i}.png",
                float(opinion),
                f"r{i // 8}",
            )
            for i, opinion in enumerate(opinions)
        )
        sets.append(RatedSet(name, name, tmp_path, pairs, True, "MOS"))
        tables[name] = table
    return sets, Given(tables)


def test_weights_learned_on_other_sets_are_found_and_win(tmp_path: Path) -> None:
    sets, contender = made_up(tmp_path)
    study = study_paper(sets, contender, settings=Settings(resamples=200))
    for one in study.sets:
        np.testing.assert_allclose(
            study.transfer.weights[without(one.data.title)], WEIGHTS, atol=0.06
        )
        found = {name: entry.srcc for name, entry in one.agreements.items()}
        assert found[LEARNED] > found[EQUAL] > found[ONE]
        expected = stats.spearmanr(one.table[:, 0], one.data.opinions).statistic
        assert found[ONE] == pytest.approx(expected)
        assert one.gains[LEARNED, ONE].interval is not None
        assert one.gains[LEARNED, ONE].p_value < 0.05
    page = paper_page([study], [contender.metric.trunk], [contender], {}, {})
    titles = [table.title for table in page.tables]
    assert titles[0] == "agreement with people (small)"
    assert page.write(tmp_path / "page.html") == []


def test_a_set_of_its_own_has_nothing_to_learn_from(tmp_path: Path) -> None:
    sets, contender = made_up(tmp_path, count=1)
    study = study_paper(sets, contender, settings=Settings(resamples=20))
    assert LEARNED not in study.sets[0].agreements
    assert (LEARNED, ONE) not in study.sets[0].gains


def test_few_references_are_not_tested(tmp_path: Path) -> None:
    sets, contender = made_up(tmp_path, count=1)
    one = replace(sets[0], pairs=tuple(replace(p, group="same") for p in sets[0].pairs))
    study = study_paper([one], contender, settings=Settings(resamples=20))
    assert study.sets[0].gains == {}


def test_every_set_weighs_the_same_in_what_is_learned() -> None:
    random = np.random.default_rng(3)
    small, large = random.random((60, 3)), random.random((600, 3))
    first, second = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.2, 0.7])
    tables, qualities = [small, large], [small @ first, large @ second]
    shared = learn_shared_weights(tables, qualities)
    assert abs(shared[0] - shared[2]) < 0.1, "ten times the pairs pull no harder"
    np.testing.assert_array_equal(
        learn_shared_weights([small], [qualities[0]]), learn_weights(small, qualities[0])
    )


def test_the_sets_of_the_paper_are_found_below_a_folder(tmp_path: Path) -> None:
    trees.live(tmp_path / "live")
    trees.csiq(tmp_path / "csiq")
    trees.tid2013(tmp_path / "tid2013")
    trees.kadid(tmp_path / "kadid10k")
    trees.pipal(tmp_path / "pipal")
    found, missing = find_sets(tmp_path)
    assert [data.id for data in found] == ["live", "csiq", "tid2013", "kadid10k", "pipal"]
    assert missing == {}
    some, missing = find_sets(tmp_path, ["tid2013", "mdid"])
    assert [data.id for data in some] == ["tid2013"]
    assert "mdid" in missing
