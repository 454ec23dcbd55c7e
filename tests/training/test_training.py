"""The training loop: interrupted runs, exported weights, the losses, the split of photographs."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("scipy")

from msds.method.similarity import block_similarity, gram
from msds.trunks.chain import ChainTrunk
from training import channels, photos, pool, similarity, train
from training.channels import CHOSEN
from training.objectives import (
    dense_loss,
    fidelity_loss,
    one_minus_correlation,
    ranking,
    within_groups,
)
from training.student import LAYERS, Student
from training.teacher import CHANNELS as TEACHERS


def write_pool(folder: Path, side: int = 64) -> Path:
    """A pool of random images with random targets: enough to run the loop."""
    rng = np.random.default_rng(0)
    positions = sum((side // 16 // 2**k) ** 2 for k in range(pool.DENSE_LEVELS))
    for name in ("train", "validation", "held_out"):
        (folder / name).mkdir(parents=True)
        arrays = {
            "images": rng.integers(0, 256, (8, 6, 3, side, side)).astype(np.uint8),
            "maps": rng.random((8, 6, len(CHOSEN), positions)).astype(np.float16),
            "scores": rng.random((8, 5, 3)).astype(np.float32),
        }
        pool.save_shard(folder / name, 0, arrays)
    return folder


def options(folder: Path, out: str, steps: int) -> argparse.Namespace:
    return argparse.Namespace(
        pool=folder,
        out=folder / out,
        stage="features",
        start=None,
        steps=steps,
        decay=0,
        groups=2,
        versions=2,
        every=2,
        rate=None,
        threads=1,
        workers=1,
        worker=0,
        seed=1,
    )


@pytest.fixture
def three_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """64-pixel images have three levels."""
    monkeypatch.setattr(train, "LEVELS", 3)


@pytest.mark.usefixtures("three_levels")
def test_an_interrupted_run_ends_with_the_same_weights(tmp_path: Path) -> None:
    folder = write_pool(tmp_path)
    whole = train.run(options(folder, "whole", 4))
    train.run(options(folder, "parts", 2))
    resumed = train.run(options(folder, "parts", 4))
    for key, value in whole.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[key], atol=1e-5), key


def test_folding_batch_normalisation_away_changes_nothing() -> None:
    torch.manual_seed(0)
    student = Student(normalised=True)
    images = torch.rand(2, 3, 64, 64)
    student.train()
    for _ in range(3):
        student(images)  # moves the running statistics
    student.eval()
    with torch.no_grad():
        assert torch.allclose(student(images), student.folded()(images), atol=1e-4)


def test_the_teachers_proportions_are_folded_away_too() -> None:
    torch.manual_seed(0)
    student = Student().eval()
    student.calibrate(torch.linspace(1, 9, student.scale.numel()))
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(student(images), student.folded()(images), atol=1e-4)
        assert torch.allclose(student(images), student.unscaled(images) * student.scale)


def test_chosen_channels_are_whole_groups_of_the_teachers() -> None:
    assert len(CHOSEN) == len(set(CHOSEN)) == Student().scale.numel()
    assert all(0 <= channel < TEACHERS for channel in CHOSEN)
    assert [channel % 4 for channel in CHOSEN] == [0, 1, 2, 3] * (len(CHOSEN) // 4)


def test_the_search_for_channels_finds_the_blocks_that_tell() -> None:
    rng = np.random.default_rng(0)
    truth = torch.linspace(0, 1, 40).view(-1, 1, 1)
    maps = truth + 5 * torch.from_numpy(rng.standard_normal((40, 12, 12))).float()
    maps[:, :4, :4] = 100 * truth
    found = channels.search([maps], 4, 300, rng)
    assert channels.agreement([maps], found) > 0.99


def test_exported_weights_make_the_shipped_trunk() -> None:
    torch.manual_seed(0)
    student = Student(normalised=False).eval()
    weights = student.exported()
    assert all(value.dtype == torch.float16 for value in weights.values())
    trunk = ChainTrunk("compact", LAYERS, {k: v.float() for k, v in weights.items()})
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        expected = student(images)
        assert torch.allclose(trunk(images), expected, atol=5e-3 * float(expected.max()))


def test_groups_are_scored_like_their_pairs_one_by_one() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = [torch.rand(6, 16, 4, 4, generator=generator) for _ in range(2)]
    scores = similarity.level_scores(maps, versions=2)
    for k, level in enumerate(maps):
        grams = gram(level)
        for group in range(2):
            one = grams[3 * group : 3 * group + 1]
            expected = block_similarity(one, grams[3 * group + 1 : 3 * group + 3])
            assert torch.allclose(scores[group, :, k], expected, atol=1e-5)


def test_dense_and_fidelity_losses_are_nothing_for_the_teachers_own_features() -> None:
    maps = [torch.rand(2, 8, 6, 6), torch.rand(2, 8, 3, 3)]
    ahead = [torch.nn.functional.pad(level, (1, 0, 1, 0)) for level in maps]
    assert dense_loss([level[..., :-1, :-1] for level in ahead], maps).item() == 0
    assert fidelity_loss(maps, maps).item() == pytest.approx(0, abs=1e-6)
    assert fidelity_loss([level.flip(1) for level in maps], maps) > 0.01


def test_losses_are_least_where_the_order_is_right() -> None:
    wanted = torch.tensor([0.1, 0.4, 0.9])
    assert ranking(wanted, wanted) < ranking(wanted.flip(0), wanted)
    assert one_minus_correlation(2 * wanted + 1, wanted).item() == pytest.approx(0, abs=1e-4)
    assert one_minus_correlation(-wanted, wanted).item() == pytest.approx(2, abs=1e-4)


def test_the_split_depends_on_the_bytes_of_a_photograph_alone(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"the same bytes")
    assert photos.split_of(tmp_path / "a.png") == photos.split_of(tmp_path / "b.png")
    found = [len(photos.find(tmp_path, split)) for split in photos.SPLITS]
    assert sorted(found) == [0, 0, 2]


def test_order_within_groups_counts_neighbouring_steps_of_a_ladder() -> None:
    wanted = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.5]])
    swapped = torch.tensor([[0.1, 0.3, 0.2, 0.4, 0.5]])
    right, wrong = within_groups(wanted, wanted), within_groups(swapped, wanted)
    assert right < 0.2 * wrong
    # Groups are not compared with each other, and what the teacher has equal has no order.
    shifted = within_groups(torch.cat((wanted, wanted + 5)), torch.cat((wanted, wanted)))
    torch.testing.assert_close(shifted, right)
    assert within_groups(swapped, torch.zeros(1, 5)) == 0
