"""What level weights were learned on is no test of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helpers import trees
from msds.models.catalogue import MODELS
from msds.study.datasets import open_dataset
from msds.study.datasets.base import RatedSet
from msds.study.seen import seen_by


@pytest.fixture
def data(tmp_path: Path) -> RatedSet:
    return open_dataset(str(trees.rated(tmp_path, references=2, side=16)))


def test_pairs_that_weights_were_learned_on_are_known_by_content_and_by_name(
    data: RatedSet,
) -> None:
    record = {"set": "somebody's pairs", "pairs": 12, "fingerprint": data.fingerprint}
    assert seen_by([record], data) == "12 pairs of somebody's pairs"
    assert seen_by([{**record, "fingerprint": "another"}], data) == ""
    assert seen_by([], data) == ""
    tid = replace(data, id="tid2013", title="TID2013")
    assert seen_by([{"set": "part of TID2013", "id": "tid2013-part"}], tid) == "part of TID2013"
    assert seen_by([{"set": "KADID-10k", "id": "kadid10k"}], tid) == ""


def test_the_shipped_weights_of_compact_are_marked_on_the_sets_they_lean_on(data: RatedSet) -> None:
    learned_on = MODELS["msds-compact"].learned_on
    for identity, title, leans in (
        ("tid2013", "TID2013", True),
        ("live", "LIVE release 2", True),
        ("kadid10k", "KADID-10k", False),
    ):
        assert bool(seen_by(learned_on, replace(data, id=identity, title=title))) is leans
    assert MODELS["msds-vgg16"].learned_on == ()
