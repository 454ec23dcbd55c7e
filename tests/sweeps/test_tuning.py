"""Tuning: the setting that trying all of them finds, also where curves do not rise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.scoring_files import write_image
from msds.errors import InputError
from msds.metric import MSDS
from msds.scoring import score
from msds.sweeps import Tuned, open_codec, tune
from msds.sweeps.tuning import search

PICTURE = np.zeros((1, 1, 3), dtype=np.uint8)


class Invented:
    """An encoder whose settings 0, 1, ... have these sizes and scores."""

    def __init__(self, sizes: Sequence[int], scores: Sequence[float]) -> None:
        self.sizes, self.scores = sizes, scores
        self.encoded: list[float] = []

    def encode(self, _: np.ndarray, setting: float) -> bytes:
        self.encoded.append(setting)
        return bytes([int(setting)]) * self.sizes[int(setting)]

    def scored(self, data: bytes) -> float:
        return self.scores[data[0]]

    def search(self, target: float | None = None, max_bytes: int | None = None) -> Tuned:
        return search(PICTURE, self.encode, self.scored, range(len(self.sizes)), target, max_bytes)


RISING = Invented(range(10, 110), [k / 100 for k in range(100)])


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60, unique=True), st.floats(0, 1))
def test_of_a_rising_curve_it_finds_the_cheapest_that_is_good_enough(
    sizes: list[int], target: float
) -> None:
    sizes = sorted(sizes)
    scores = [size / 500 for size in sizes]
    found = Invented(sizes, scores).search(target)
    good = [size for size, score in zip(sizes, scores, strict=True) if score >= target]
    assert found.reached is bool(good)
    assert found.bytes == (min(good) if good else max(sizes))


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60, unique=True), st.integers(1, 500))
def test_of_a_rising_curve_it_finds_the_best_that_is_small_enough(
    sizes: list[int], most: int
) -> None:
    sizes = sorted(sizes)
    found = Invented(sizes, [size / 500 for size in sizes]).search(max_bytes=most)
    small = [size for size in sizes if size <= most]
    assert found.reached is bool(small)
    assert found.bytes == (max(small) if small else min(sizes))


def test_it_encodes_few_of_a_hundred_settings_and_each_once() -> None:
    RISING.encoded.clear()
    RISING.search(0.5)
    assert len(RISING.encoded) <= 13
    assert len(set(RISING.encoded)) == len(RISING.encoded)


@pytest.mark.parametrize("dip", [48, 49, 51, 52])
def test_a_dip_beside_the_setting_it_finds_does_not_hide_a_cheaper_one(dip: int) -> None:
    # At 50 the target is reached; a neighbour that is one step out of order is found all the same.
    scores = [k / 100 for k in range(100)]
    scores[dip] = 0.7 if dip < 50 else 0.1
    found = Invented(range(10, 110), scores).search(0.5)
    assert found.setting == min(50, dip)


def test_a_larger_setting_that_takes_fewer_bytes_is_chosen() -> None:
    sizes = list(range(10, 110))
    sizes[51] = 20
    assert Invented(sizes, [k / 100 for k in range(100)]).search(0.5).setting == 51


def test_with_both_the_target_yields_to_the_limit() -> None:
    found = RISING.search(0.5, max_bytes=80)
    assert (found.setting, found.reached) == (50, True)
    found = RISING.search(0.5, max_bytes=40)
    assert (found.setting, found.reached) == (30, False)
    found = RISING.search(0.5, max_bytes=5)
    assert (found.setting, found.reached) == (0, False)


def test_a_real_encoder_is_tuned_to_a_score(tmp_path: Path) -> None:
    metric = MSDS("compact", levels=2, trunk_weights="random")
    photo, codec = write_image(tmp_path / "a.png", 1, (72, 64)), open_codec("jpeg")
    settings = range(5, 100, 5)
    pixels = np.asarray(PIL.Image.open(photo))
    files = {q: codec.encode(pixels, q) for q in settings}
    scores = {q: float(score(photo, data, model=metric)) for q, data in files.items()}
    target = sorted(scores.values())[9]
    found = tune(photo, codec.encode, target, settings=settings, metric=metric)
    assert found.reached
    assert found.bytes == min(len(files[q]) for q in settings if scores[q] >= target)
    assert found.score == pytest.approx(scores[int(found.setting)], abs=1e-6)


def test_nothing_to_reach_or_to_choose_from_is_refused() -> None:
    with pytest.raises(InputError, match="Nothing was asked for"):
        RISING.search()
    with pytest.raises(InputError, match="no settings to choose from"):
        Invented([], []).search(0.5)
