"""Numbers of whole sets: right, kept, and never computed twice."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers import trees
from msds.errors import InputError
from msds.images import Image, load_image
from msds.metric import MSDS
from msds.scoring import Options
from msds.scoring.classics import PSNR
from msds.scoring.contenders import DeepContender
from msds.study.datasets import RatedSet, open_dataset
from msds.study.measuring import Work, measure_set, score_set
from msds.trunks import load_trunk


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    return open_dataset(str(trees.rated(tmp_path_factory.mktemp("rated"), references=3)))


class Counting(PSNR):
    """PSNR that counts its comparisons and can break down."""

    def __init__(self, fail_after: int | None = None) -> None:
        self.compared = 0
        self.prepared = 0
        self.fail_after = fail_after

    def prepare(self, image: Image) -> torch.Tensor:
        self.prepared += 1
        return super().prepare(image)

    def compare(self, reference: torch.Tensor, distorted: torch.Tensor) -> tuple[float, ...]:
        if self.fail_after is not None and self.compared >= self.fail_after:
            raise KeyboardInterrupt
        self.compared += 1
        return super().compare(reference, distorted)


def test_each_reference_is_prepared_once_however_many_pairs_it_has(data: RatedSet) -> None:
    contender = Counting()
    score_set(data, contender)
    assert contender.compared == len(data) == 24
    assert contender.prepared == len(data) + 3


def test_an_interrupted_run_goes_on_where_it_was(data: RatedSet, tmp_path: Path) -> None:
    whole = score_set(data, PSNR()).table
    work = Work(tmp_path)
    broken = Counting(fail_after=10)
    with pytest.raises(KeyboardInterrupt):
        score_set(data, broken, work)
    journal = next(tmp_path.glob("*.journal"))
    with journal.open("a") as file:
        file.write('{"crc32": "00000000", "ref')  # a line that a crash cut off
    rest = Counting()
    table = score_set(data, rest, work).table
    assert rest.compared == len(data) - 10
    np.testing.assert_array_equal(table, whole)
    again = Counting()
    np.testing.assert_array_equal(score_set(data, again, work).table, whole)
    assert again.compared == 0


def test_a_pair_is_measured_again_when_its_images_have_changed(tmp_path: Path) -> None:
    data = open_dataset(str(trees.rated(tmp_path / "set", references=2)))
    work = Work(tmp_path / "cache")
    before = score_set(data, PSNR(), work).table
    changed = data.pairs[3].distorted
    state = changed.stat()
    content = changed.read_bytes()
    trees.save(changed, trees.photograph(9, 64))
    # As a copy that keeps the time of its source does; so may the size be the same.
    os.utime(changed, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert changed.read_bytes() != content
    fresh = Counting()
    after = score_set(data, fresh, work).table
    assert fresh.compared == 1
    assert np.flatnonzero((before != after)[:, 0]).tolist() == [3]


def test_opinions_of_the_same_images_share_their_numbers(tmp_path: Path) -> None:
    data = open_dataset(str(trees.rated(tmp_path / "set", references=2)))
    others = dataclasses.replace(
        data,
        id="other",
        title="other",
        pairs=tuple(dataclasses.replace(pair, opinion=-pair.opinion) for pair in data.pairs),
    )
    work = Work(tmp_path / "cache")
    score_set(data, Counting(), work)
    again = Counting()
    score_set(others, again, work)
    assert again.compared == 0


def test_a_bad_file_costs_its_row_and_is_tried_again(tmp_path: Path) -> None:
    data = open_dataset(str(trees.rated(tmp_path / "set", references=2)))
    work = Work(tmp_path / "cache")
    bad = data.pairs[2].distorted
    content = bad.read_bytes()
    bad.write_bytes(content[:100])
    deep = DeepContender(MSDS(load_trunk("compact", "random"), levels=2))
    for contender in (PSNR(), deep):
        numbers = score_set(data, contender, work)
        assert list(numbers.errors) == [2]
        assert bad.name in numbers.errors[2]
        assert np.isnan(numbers.table[2]).all()
        assert np.isfinite(np.delete(numbers.table, 2, 0)).all()
    measured = measure_set(data, [PSNR(), deep], work)
    assert len(measured.data) == len(data) - 1 == len(measured.tables[1])
    assert list(measured.left_out) == [data.relative(bad)]
    bad.write_bytes(content)
    assert not score_set(data, deep, work).errors


def test_a_set_of_which_no_pair_can_be_scored_is_an_error(tmp_path: Path) -> None:
    data = open_dataset(str(trees.rated(tmp_path / "set", references=2)))
    for pair in data.pairs:
        pair.distorted.write_bytes(b"")
    with pytest.raises(InputError, match="no pair could be scored; the first: "):
        measure_set(data, [PSNR()])


def test_numbers_are_the_same_whatever_the_engine_is_given(data: RatedSet) -> None:
    deep = DeepContender(MSDS(load_trunk("compact", "random"), levels=3))
    usual = score_set(data, deep).table
    tight = Work(options=Options(memory=64 * 2**20, threads=1))
    np.testing.assert_allclose(score_set(data, deep, tight).table, usual, atol=1e-5)


def test_a_deep_metrics_table_holds_its_level_scores(data: RatedSet) -> None:
    metric = MSDS(load_trunk("compact", "random"), levels=3, weights=(0.5, 0.3, 0.2))
    contender = DeepContender(metric)
    few = data.subset([0, 7, 9])
    table = score_set(few, contender).table
    images = [
        (load_image(p.reference).pixels[None], load_image(p.distorted).pixels[None])
        for p in few.pairs
    ]
    expected = [
        metric.level_scores(metric.encode(a), metric.encode(b))[0].tolist() for a, b in images
    ]
    np.testing.assert_allclose(table, expected, atol=1e-6)
    fused = [float(metric(a, b)) for a, b in images]
    np.testing.assert_allclose(contender.fuse(table), fused, atol=1e-6)


def test_small_images_leave_gaps_that_are_fused_from_the_levels_they_have(data: RatedSet) -> None:
    metric = MSDS(
        load_trunk("compact", "random"),
        levels=4,
        weights=(0.1, 0.2, 0.3, 0.4),
        small="fewer-levels",
    )
    contender = DeepContender(metric)
    table = score_set(data.subset([0, 1]), contender).table
    assert np.isnan(table[:, 3]).all()
    weights = np.array([0.1, 0.2, 0.3]) / 0.6
    np.testing.assert_allclose(contender.fuse(table), table[:, :3] @ weights, atol=1e-6)


def test_weights_do_not_enter_the_key_and_the_trunk_does() -> None:
    trunk = load_trunk("compact", "random")
    equal, other = MSDS(trunk), MSDS(trunk, weights=(1, 0, 0, 0))
    assert DeepContender(equal).key == DeepContender(other).key
    assert DeepContender(MSDS(trunk, filter="gaussian")).key != DeepContender(equal).key
    assert DeepContender(MSDS(trunk, levels=3)).key != DeepContender(equal).key
