"""Maps of whole metrics: their sums, their places, and images taken in pieces."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from helpers.small_trunk import small_trunk
from msds import MSDS, DeepSSIM, DeepSSIMLite
from msds.encoding.streamed import TensorRegions
from msds.errors import InputError
from msds.metric.maps import KINDS, QualityMap, make_map
from msds.trunks import ModuleTrunk


def image(seed: int, height: int = 64, width: int = 80) -> Tensor:
    """Coloured stripes and noise, in (1, 3, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(1, 3, height, width, generator=generator)
    waves = (torch.arange(width) / 5).sin() * 0.25 + 0.5
    return (0.5 * noise + 0.5 * waves).clamp(0, 1)


def spoilt(reference: Tensor, rows: slice, columns: slice) -> Tensor:
    """The same with noise in one rectangle."""
    out = reference.clone()
    generator = torch.Generator().manual_seed(9)
    part = out[..., rows, columns]
    out[..., rows, columns] = (part + 0.4 * torch.randn(part.shape, generator=generator)).clamp(
        0, 1
    )
    return out


METRICS = {
    "msds": lambda: MSDS(small_trunk(), levels=3),
    "weights": lambda: MSDS(small_trunk(), levels=3, weights=(0.5, 0.2, 0.3)),
    "geometric": lambda: MSDS(small_trunk(), levels=2, fusion="geometric"),
    "positions": lambda: MSDS(small_trunk(), levels=2, normalize="positions"),
    "deepssim": lambda: DeepSSIM(small_trunk()),
    "lite": lambda: DeepSSIMLite(small_trunk()),
}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_map_has_the_scores_of_the_metric(name: str, kind: str) -> None:
    metric = METRICS[name]()
    a, b = image(1), image(2)
    found = metric.map(a, b, kind=kind)
    assert found.score == pytest.approx(float(metric(a, b)), abs=1e-6)
    levels = metric.level_scores(metric.encode(a), metric.encode(b))[0]
    assert [level.score for level in found.levels] == pytest.approx(levels.tolist(), abs=1e-6)
    assert (found.model, found.fingerprint) == (metric.model_id, metric.fingerprint)


@pytest.mark.parametrize("name", METRICS)
def test_the_mean_of_an_attribution_is_one_minus_the_score(name: str) -> None:
    metric = METRICS[name]()
    a = image(1)
    b = spoilt(a, slice(0, 30), slice(20, 60))
    found = metric.map(a, b, kind="attribution")
    assert found.mean == pytest.approx(1 - float(metric(a, b)), abs=1e-5)
    for level in found.levels:
        assert float(level.values.mean()) == pytest.approx(1 - level.score, abs=1e-5)


def test_a_local_map_of_a_window_that_holds_everything_is_one_minus_the_level_scores() -> None:
    metric = MSDS(small_trunk(), levels=2, normalize="positions")
    found = metric.map(image(1, 8, 8), image(2, 8, 8), window=7)
    for level in found.levels:
        torch.testing.assert_close(
            level.values, torch.full_like(level.values, 1 - level.score), atol=1e-5, rtol=0
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_spoilt_region_is_found_where_it_is(kind: str) -> None:
    metric = MSDS(levels=2)
    a = image(3, 256, 320)
    rows, columns = slice(160, 224), slice(64, 144)
    found = metric.map(a, spoilt(a, rows, columns), kind=kind).fused
    assert found.shape == (256, 320)
    far = torch.ones(256, 320, dtype=torch.bool)
    far[160 - 96 : 224 + 96, 0 : 144 + 96] = False
    assert float(found[rows, columns].mean()) > 50 * float(found[far].abs().mean() + 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_identical_images_have_a_map_of_zeros(kind: str) -> None:
    found = MSDS(small_trunk(), levels=2).map(image(1), image(1), kind=kind)
    assert float(found.fused.abs().max()) == 0
    assert found.score == 1


@settings(max_examples=20)
@given(
    seed=st.integers(0, 100),
    height=st.integers(33, 90),
    width=st.integers(33, 90),
    kind=st.sampled_from(KINDS),
    filter=st.sampled_from(["average", "lanczos"]),
)
def test_pieces_give_the_map_of_the_whole_images(
    seed: int, height: int, width: int, kind: str, filter: str
) -> None:
    metric = MSDS(small_trunk(), levels=3, filter=filter)
    pair = image(seed, height, width), image(seed + 1, height, width)
    whole, cut = (make_map(metric, *pair, kind=kind, side=side) for side in (1000, 32))
    assert cut.score == pytest.approx(whole.score, abs=1e-5)
    for one, other in zip(whole.levels, cut.levels, strict=True):
        scale = float(one.values.abs().max())
        torch.testing.assert_close(one.values, other.values, atol=2e-4 * scale + 1e-5, rtol=0)


class Watched(TensorRegions):
    """Remembers how large the largest rectangle was."""

    most = 0

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Tensor:
        self.most = max(self.most, (x1 - x0) * (y1 - y0))
        return super().read(x0, y0, x1, y1)


@pytest.mark.parametrize("kind", KINDS)
def test_of_large_images_small_parts_are_read(kind: str) -> None:
    metric = MSDS(small_trunk(), levels=2)
    readers = [Watched(image(seed, 90, 1500)[0]) for seed in (1, 2)]
    make_map(metric, *readers, kind=kind, side=64)
    # A piece, and around it the halo of the coarser level, whose pixels are twice as large.
    border = 2 * ((metric.trunk.halo or 0) + metric.trunk.stride)
    assert all(reader.most <= (64 + 2 * border) ** 2 for reader in readers)


def test_readers_and_tensors_and_bytes_give_the_same_map() -> None:
    metric = MSDS(small_trunk(), levels=2)
    a, b = ((image(seed) * 255).round().to(torch.uint8) for seed in (1, 2))
    expected = metric.map(a / 255, b / 255).fused
    torch.testing.assert_close(metric.map(a[0], b[0]).fused, expected, atol=1e-6, rtol=0)
    readers = (TensorRegions(x[0]) for x in (a, b))
    torch.testing.assert_close(metric.map(*readers).fused, expected, atol=1e-6, rtol=0)


def test_a_module_of_the_users_own_has_a_map() -> None:
    metric = MSDS(ModuleTrunk(torch.nn.Conv2d(3, 8, 4, 4), "own"), levels=2)
    found = metric.map(image(1), image(2))
    assert [tuple(level.values.shape) for level in found.levels] == [(16, 20), (8, 10)]


def test_images_too_small_for_all_levels_have_a_map_of_those_they_have() -> None:
    metric = MSDS(small_trunk(), levels=6, small="fewer-levels")
    found = metric.map(image(1, 20, 20), image(2, 20, 20))
    assert len(found.levels) == 4
    assert sum(level.weight for level in found.levels) == pytest.approx(1)


@pytest.mark.parametrize(
    ("pair", "options", "message"),
    [
        ((image(1), image(2, 64, 81)), {}, "same size; the reference is 80 x 64 pixels and the"),
        ((image(1), image(2).expand(2, -1, -1, -1)), {}, r"one \(1, 3, H, W\) image; got \(2,"),
        ((image(1), "b.png"), {}, "a tensor or a reader of regions; got str"),
        ((image(1), image(2) + 1), {}, r"must lie in \[0, 1\]"),
        ((image(1, 5, 5), image(2, 5, 5)), {}, "too small"),
        ((image(1), image(2)), {"kind": "heat"}, "Unknown kind of map 'heat'"),
        ((image(1), image(2)), {"window": 4}, "odd number of positions"),
    ],
)
def test_what_has_no_map_is_refused_in_a_sentence(
    pair: tuple[object, object], options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make_map(MSDS(small_trunk(), levels=3), *pair, **options)


def test_rows_of_the_fused_map_are_those_of_the_whole() -> None:
    found: QualityMap = MSDS(small_trunk(), levels=2).map(image(1), image(2))
    torch.testing.assert_close(found.rows(10, 37), found.fused[10:37])
    both = sum(level.weight * found.level(k) for k, level in enumerate(found.levels))
    torch.testing.assert_close(found.fused, both)
