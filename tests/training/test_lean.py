"""The training of a leaner trunk, on a pool of a few small crops."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from msds.method.pyramid import pyramid
from msds.trunks import ChainTrunk
from msds.trunks.compact import VERSIONS
from msds.trunks.layers import multiply_accumulates
from training import distortions, lean
from training.mixture import SHARE, Mixture

LEVELS = 4


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("train", "validation"):
        (tmp_path / name).mkdir()
        smooth = rng.integers(0, 255, (3, 1, 3, 16, 16)).repeat(8, -1).repeat(8, -2)
        noise = rng.normal(0, 1, (3, 3, 3, 128, 128)) * np.array([0, 10, 40]).reshape(3, 1, 1, 1)
        np.savez(
            tmp_path / name / "0000.npz",
            images=np.clip(smooth + noise, 0, 255).astype(np.uint8),
            levels=rng.uniform(0.2, 1, (3, 2, LEVELS)).astype(np.float32),
            gmsd=rng.uniform(-0.3, 0, (3, 2)).astype(np.float32),
        )
    return tmp_path


def options(pool: Path, steps: int) -> argparse.Namespace:
    return argparse.Namespace(
        pool=pool,
        out=pool / "out",
        steps=steps,
        rate=1e-3,
        scores=lean.SCORES,
        start=None,
        threads=1,
        seed=1,
    )


def test_transmission_errors_damage_a_part_and_more_of_it_with_strength() -> None:
    rng = np.random.default_rng(4)
    ramp = np.linspace(0, 1, 64, dtype=np.float32)
    image = np.stack(
        [np.add.outer(ramp, ramp) / 2, np.outer(ramp, ramp), 1 - ramp * ramp[:, None]], -1
    )
    for name in distortions.TRANSMISSION:
        errors = []
        for strength in (0.0, 1.0):
            found = [distortions.apply(name, image, strength, rng) for _ in range(12)]
            assert all(x.shape == image.shape and x.min() >= 0 and x.max() <= 1 for x in found)
            errors.append(np.mean([np.abs(x - image).mean() for x in found]))
        assert 0 < errors[0] < errors[1], name
    assert not distortions.TRANSMISSION.keys() & distortions.FAMILIES.keys()


def test_the_mixture_is_googlenet_where_both_teachers_rank_alike() -> None:
    levels = np.linspace(0.3, 0.99, 50, dtype=np.float32)[:, None, None].repeat(LEVELS, -1)
    others = levels[..., 0] ** 3 - 1
    each, fused = Mixture(levels, others)(levels, others)
    plain = -np.log(1.05 - levels.astype(np.float64))
    np.testing.assert_allclose(fused.numpy(), plain.mean(-1), atol=1e-4)
    np.testing.assert_allclose(each.numpy(), plain, atol=1e-4)


def test_the_mixture_leans_by_its_share_towards_the_other_teacher() -> None:
    levels = np.linspace(0.3, 0.99, 50, dtype=np.float32)[:, None, None].repeat(LEVELS, -1)
    others = -levels[..., 0]
    _, fused = Mixture(levels, others)(levels, others)
    plain = -np.log(1.05 - levels[..., 0].astype(np.float64))
    expected = (1 - SHARE) * plain + SHARE * plain[::-1]
    np.testing.assert_allclose(fused.numpy(), expected, atol=1e-4)


def test_the_lean_trunk_starts_with_the_first_maps_of_version_3() -> None:
    before, student = lean.Before(), lean.Lean().eval()
    levels = pyramid(torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0)), LEVELS)
    student.take_over(before, levels)
    # Up to conv4 both are the same chain: as a trunk of version 3's first four convolutions.
    first = ChainTrunk(
        "first",
        VERSIONS[3].layers[:4],
        {key: value for key, value in before.weights.items() if key[:5] <= "conv4"},
    )
    for found, image in zip(student(levels), levels, strict=True):
        torch.testing.assert_close(found[0], first(image), rtol=1e-3, atol=1e-3)


def test_training_goes_on_where_it_was_stopped_and_exports_the_trunk(pool: Path) -> None:
    lean.train(options(pool, 2))
    resumed = lean.train(options(pool, 3)).eval()
    state = torch.load(pool / "out" / "lean.pt", weights_only=True)
    assert state["step"] == 3
    weights = {k: v.float() for k, v in load_file(pool / "out" / "lean.safetensors").items()}
    trunk = ChainTrunk("compact", lean.LAYERS, weights)
    images = torch.rand(1, 3, 128, 128)
    with torch.no_grad():
        expected = resumed(pyramid(images, 1))[0][-1]
    torch.testing.assert_close(trunk(images), expected, rtol=2e-2, atol=2e-2)


def test_normalisation_uses_all_levels_together() -> None:
    student = lean.Lean().train()
    name = next(iter(student.convolutions))
    maps = [torch.randn(2, 16, 8, 8) * 3 + 1, torch.randn(2, 16, 4, 4)]
    found = student._normalise(name, maps)
    flat = torch.cat([x.transpose(0, 1).flatten(1) for x in found], 1)
    torch.testing.assert_close(flat.mean(1), torch.zeros(16), rtol=0, atol=1e-4)
    torch.testing.assert_close(flat.var(1, unbiased=False), torch.ones(16), rtol=0, atol=1e-3)


def test_the_lean_trunk_costs_what_is_asked() -> None:
    assert multiply_accumulates(lean.LAYERS, 384, 512) <= 0.6e9
