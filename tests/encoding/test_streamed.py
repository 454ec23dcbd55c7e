"""The tiled encoding must be that of the untiled metric, whose path shares no code with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from helpers.pieces import encode_tiled
from msds.encoding import plan
from msds.encoding import streamed as encode
from msds.encoding.plan import Tile
from msds.errors import InputError
from msds.method.pyramid import FILTERS
from msds.metric import MSDS, DeepSSIM, DeepSSIMLite, Encoding
from msds.trunks import ChainTrunk, Conv, ModuleTrunk, Pool, Trunk
from msds.trunks.layers import Layer, random_weights

SMALL: tuple[Layer, ...] = (Conv("a", 8), Pool(), Conv("b", 16), Conv("c", 16, 5, 2))


class OpaqueTrunk(Trunk):
    """A trunk of which only stride and halo are known, as one run by another engine."""

    def __init__(self, chain: ChainTrunk) -> None:
        super().__init__()
        self.chain = chain
        self.name, self.channels = "opaque", chain.channels
        self.stride, self.halo = chain.stride, chain.halo
        self.freeze()

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.chain(images, mask)


class Reader:
    """An image read by regions, which notes what was read."""

    def __init__(self, image: Tensor) -> None:
        self.image = image
        self.height, self.width = image.shape[-2:]
        self.reads = np.zeros((self.height, self.width), dtype=int)

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Tensor:
        self.reads[y0:y1, x0:x1] += 1
        return self.image[:, y0:y1, x0:x1]


def small(levels: int = 3, layers: Sequence[Layer] = SMALL, **kwargs: object) -> MSDS:
    trunk = ChainTrunk("small", layers, random_weights(layers))
    return MSDS(trunk, levels=levels, check_range=False, **kwargs)  # type: ignore[arg-type]


def photograph(height: int, width: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Something with structure on every scale, in [0, 1]."""
    y = torch.linspace(0, 3, height, dtype=torch.float64)[:, None]
    x = torch.linspace(0, 5, width, dtype=torch.float64)
    waves = [torch.sin(f * y + i) * torch.cos(f * x - i) for i, f in enumerate((2, 9, 31))]
    noise = torch.rand(3, height, width, generator=torch.Generator().manual_seed(height * width))
    return ((torch.stack(waves) + 1) * 0.4 + noise * 0.2).clamp(0, 1)[None].to(dtype)


def assert_equal(found: Encoding, expected: Encoding, tolerance: float) -> None:
    assert found.positions == expected.positions
    assert (found.height, found.width) == (expected.height, expected.width)
    assert found.trunk == expected.trunk
    for a, b in zip(found.grams, expected.grams, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert (a - b).abs().max() <= tolerance * b.abs().max()


SIZES = pytest.mark.parametrize(
    ("height", "width"),
    [(32, 32), (33, 32), (97, 131), (64, 129), (79, 161)],
    ids=["least size", "a row more", "odd", "a pixel more than tiles", "a pixel less than tiles"],
)


@SIZES
@pytest.mark.parametrize("tile", [Tile(16, 64), Tile(64, 32), Tile(23, 80), Tile(512, 512)])
def test_tiles_give_the_compact_encoding_of_the_whole_image(
    height: int, width: int, tile: Tile
) -> None:
    metric = MSDS("compact", levels=2, trunk_weights="random").double()
    image = photograph(height, width)
    assert_equal(encode_tiled(metric, image, tile=tile), metric.encode(image), 1e-9)


@SIZES
def test_tiles_give_the_vgg16_encoding_of_the_whole_image(height: int, width: int) -> None:
    metric = MSDS("vgg16", levels=2, trunk_weights="random").double()
    image = photograph(height, width)
    assert_equal(encode_tiled(metric, image, tile=Tile(23, 64)), metric.encode(image), 1e-9)


@pytest.mark.parametrize("name", ["compact", "vgg16"])
def test_tiles_give_the_float32_score_of_the_whole_images(name: str) -> None:
    metric = MSDS(name, levels=3, trunk_weights="random")
    reference = photograph(131, 203, torch.float32)
    distorted = (reference * 0.8 + 0.1 * reference.roll(3, -1)).clamp(0, 1)
    expected = metric(reference, distorted).item()
    assert 0.1 < expected < 0.999
    for tile in (Tile(16, 112), Tile(50, 200)):
        encodings = [encode_tiled(metric, image, tile=tile) for image in (reference, distorted)]
        assert metric.compare(*encodings).item() == pytest.approx(expected, abs=1e-5)
        assert metric.compare(encodings[0], encodings[0]).item() == 1


LAYER = st.one_of(
    st.just(Pool()),
    st.builds(
        lambda kernel, stride, groups: Conv("", 4, kernel, stride, groups),
        st.integers(1, 7),
        st.integers(1, 3),
        st.sampled_from([1, 4]),
    ),
)


@st.composite
def chains(draw: st.DrawFn) -> tuple[Layer, ...]:
    """Up to four layers after a first convolution, of any kernel, stride and number of groups."""
    layers: list[Layer] = [Conv("first", 4, draw(st.integers(1, 5)), draw(st.integers(1, 2)))]
    for i, layer in enumerate(draw(st.lists(LAYER, max_size=4))):
        if isinstance(layer, Conv):
            layer = Conv(f"c{i}", 4, layer.kernel, layer.stride, layer.groups)
        layers.append(layer)
    return tuple(layers)


@settings(max_examples=200, deadline=None)
@given(
    layers=chains(),
    more=st.tuples(st.integers(0, 70), st.integers(0, 70)),
    tile=st.builds(Tile, st.integers(1, 80), st.integers(1, 80)),
    opaque=st.booleans(),
    filter=st.sampled_from(sorted(FILTERS)),
    levels=st.integers(1, 3),
    read_rows=st.integers(1, 90),
)
def test_any_chain_size_tile_and_filter_give_the_encoding_of_the_whole_image(
    layers: tuple[Layer, ...],
    more: tuple[int, int],
    tile: Tile,
    opaque: bool,
    filter: str,
    levels: int,
    read_rows: int,
) -> None:
    chain = ChainTrunk("any", layers, random_weights(layers, seed=1))
    trunk = OpaqueTrunk(chain) if opaque else chain
    metric = MSDS(trunk, levels=levels, filter=filter, check_range=False).double()
    height, width = (metric.minimum_side + extra for extra in more)
    image = photograph(height, width)
    with patch.object(encode, "READ_ROWS", read_rows):
        found = encode_tiled(metric, image, tile=tile)
    assert_equal(found, metric.encode(image), 1e-9)


def test_a_file_is_read_once_and_gives_the_encoding_of_the_tensor() -> None:
    metric = small().double()
    image = photograph(2 * encode.READ_ROWS + 37, 41)
    reader = Reader(image[0])
    assert_equal(encode_tiled(metric, reader, tile=Tile(48, 16)), metric.encode(image), 1e-9)
    assert (reader.reads == 1).all()


def test_a_batch_is_encoded_image_by_image() -> None:
    metric = small().double()
    images = torch.cat([photograph(64, 70), photograph(64, 70).flip(-1), photograph(64, 70) ** 2])
    assert_equal(encode_tiled(metric, images, tile=Tile(16, 32)), metric.encode(images), 1e-9)


def test_bytes_are_scaled_as_by_the_untiled_metric() -> None:
    metric = small()
    image = (photograph(70, 64) * 255).round().to(torch.uint8)
    assert_equal(encode_tiled(metric, image, tile=Tile(16, 16)), metric.encode(image), 1e-5)


def test_half_precision_trunks_can_be_tiled() -> None:
    metric = small().to(torch.bfloat16)
    image = photograph(70, 64, torch.float32)
    assert_equal(encode_tiled(metric, image, tile=Tile(16, 16)), metric.encode(image), 1e-2)


@pytest.mark.parametrize("kind", [DeepSSIM, DeepSSIMLite])
def test_metrics_of_one_level_can_be_tiled(kind: type[MSDS]) -> None:
    metric = kind(ChainTrunk("small", SMALL, random_weights(SMALL))).double()
    image = photograph(61, 47)
    assert_equal(encode_tiled(metric, image, tile=Tile(16, 16)), metric.encode(image), 1e-9)


def test_images_with_fewer_levels_are_tiled_with_these() -> None:
    metric = small(levels=4, small="fewer-levels").double()
    image = photograph(15, 200)
    found = encode_tiled(metric, image, tile=Tile(16, 16))
    assert found.levels == 2
    assert_equal(found, metric.encode(image), 1e-9)


def test_too_small_images_are_refused_as_by_the_untiled_metric() -> None:
    with pytest.raises(InputError, match="15 x 40 pixels is too small"):
        encode_tiled(small(levels=3), photograph(40, 15))


def test_trunks_of_unknown_reach_are_refused() -> None:
    trunk = ModuleTrunk(nn.Conv2d(3, 8, 3, 2, 1), name="mine")
    with pytest.raises(InputError, match="'mine' cannot be tiled"):
        encode_tiled(DeepSSIM(trunk), photograph(64, 64))


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 4, 64, 64), (0, 3, 64, 64)])
def test_tensors_of_another_form_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="Expected"):
        encode_tiled(small(), torch.zeros(shape))


def test_values_out_of_range_are_found_wherever_they_are() -> None:
    image = photograph(600, 64, torch.float32)
    image[0, 1, 590, 3] = 1.5
    metric = small()
    metric.check_range = True
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]"):
        encode_tiled(metric, image)


def test_a_reader_that_returns_another_shape_is_named() -> None:
    class Short(Reader):
        def read(self, x0: int, y0: int, x1: int, y1: int) -> Tensor:
            return super().read(x0, y0, x1, y1 - 1)

    with pytest.raises(InputError, match=r"64 x 80 pixels was read as \(3, 79, 64\)"):
        encode_tiled(small(), Short(photograph(80, 64)[0]))


def test_the_metric_tiles_by_itself_past_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = small().double()
    image = photograph(100, 120)
    whole = metric.encode(image)

    def fail(*_: object) -> Tensor:
        raise AssertionError("the whole image was handed to the trunk")

    monkeypatch.setattr(plan, "CPU_BUDGET", 100_000)
    with monkeypatch.context() as patch:
        patch.setattr(ChainTrunk, "forward", fail)
        assert_equal(metric.encode(image), whole, 1e-9)
        assert metric(image, image).item() == 1
    # Gradients need the whole image.
    metric(image.clone().requires_grad_(), image).sum().backward()


@pytest.mark.parametrize(
    ("name", "filter", "height", "width"),
    [
        ("compact", "average", 33, 32),
        ("compact", "lanczos", 97, 131),
        ("compact", "average", 79, 161),
        ("vgg16", "average", 79, 131),
    ],
)
def test_tiles_give_the_encoding_of_a_whole_image_with_a_saliency_mask(
    name: str, filter: str, height: int, width: int
) -> None:
    metric = MSDS(name, levels=2, trunk_weights="random", filter=filter).double()
    images = torch.cat([photograph(height, width), photograph(height, width).flip(-1)])
    generator = torch.Generator().manual_seed(height + width)
    masks = (torch.rand(2, 1, height, width, generator=generator) > 0.4).float()
    whole = metric.encode(images, masks)
    assert whole.masked
    found = encode_tiled(metric, images, tile=Tile(23, 64), mask=masks)
    assert found.masked
    assert_equal(found, whole, 1e-9)
    one = encode_tiled(metric, images, tile=Tile(23, 64), mask=masks[:1])
    assert_equal(one, metric.encode(images, masks[:1].expand(2, -1, -1, -1)), 1e-9)


def test_the_metric_tiles_an_image_with_a_mask_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = (Conv("a", 8), Pool(), Conv("b", 16))
    metric = MSDS(ChainTrunk("small", layers, random_weights(layers)), levels=2).double()
    image, mask = photograph(100, 120), torch.ones(1, 1, 100, 120)
    mask[..., 30:70, 20:90] = 0
    whole = metric.encode(image, mask)
    monkeypatch.setattr(plan, "CPU_BUDGET", 100_000)
    assert_equal(metric.encode(image, mask), whole, 1e-9)
    opaque = MSDS(OpaqueTrunk(metric.trunk), levels=2)  # type: ignore[arg-type]
    assert_equal(opaque.encode(image, mask), replace(whole, trunk=opaque.trunk_digest), 1e-9)


def test_a_mask_of_an_image_that_is_read_in_parts_is_refused() -> None:
    with pytest.raises(InputError, match="read in parts cannot have a saliency mask"):
        encode_tiled(small(), Reader(photograph(80, 64)[0]), mask=torch.ones(1, 1, 80, 64))
