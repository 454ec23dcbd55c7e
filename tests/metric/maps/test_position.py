"""When the note on moved parts is given: the measure by hand, and what has a limit."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from helpers.small_trunk import small_trunk
from msds import MSDS
from msds.metric.maps import QualityMap, make_map, position_note
from msds.metric.maps.position import LIMITS, NOTE, disagreement, knows_places
from msds.metric.maps.record import Region


def test_the_disagreement_is_the_greatest_weighted_gap_between_a_region_and_its_windows() -> None:
    whole = Region("whole", (0.9, 0.8), (0.85, 0.8))  # 0.25 * 0.05
    left = Region("left", (0.9, 0.8), (0.5, 0.4))  # 0.25 * 0.4 + 0.75 * 0.4
    assert disagreement([whole, left], (0.25, 0.75)) == pytest.approx(0.4)


def test_below_a_good_score_it_is_in_proportion_to_the_score() -> None:
    # Of a score of 0.35, half of 0.7, a gap of 0.1 counts as 0.2.
    assert disagreement([Region("whole", (0.35,), (0.25,))], (1.0,)) == pytest.approx(0.2)


def test_scores_near_nothing_do_not_blow_it_up() -> None:
    assert disagreement([Region("whole", (0.0,), (-0.01,))], (1.0,)) == pytest.approx(0.1)


@pytest.fixture
def mirrored() -> QualityMap:
    """Noise against other noise of the same kind: alike as a whole, in no place."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(3, 64, 80, generator=generator)
    return make_map(MSDS(small_trunk(), levels=2), image, image.flip(2))


def test_a_map_is_noted_above_the_limit_of_its_trunk_and_levels(
    mirrored: QualityMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = disagreement(mirrored.regions, [level.weight for level in mirrored.levels])
    assert position_note(mirrored) is None
    monkeypatch.setitem(LIMITS, ("small", 2), found + 0.01)
    assert position_note(mirrored) is None
    monkeypatch.setitem(LIMITS, ("small", 2), found - 0.01)
    assert position_note(mirrored) == NOTE
    assert knows_places("small", 2)
    assert not knows_places("small", 3)


def test_other_windows_and_attributions_are_never_noted(
    mirrored: QualityMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, ("small", 2), -1.0)
    assert position_note(replace(mirrored, window=5)) is None
    assert position_note(replace(mirrored, regions=())) is None
