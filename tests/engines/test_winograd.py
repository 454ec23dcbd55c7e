"""Winograd convolution is that of torch, at every size and in every band."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F

from helpers.engine_chains import pair
from msds.engines import installed, open_engine, winograd
from msds.errors import InputError
from msds.trunks import ChainTrunk, Conv, Pool
from msds.trunks.layers import random_weights


@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 3), (31, 66)])
def test_winograd_is_convolution(size: tuple[int, int], pool: bool) -> None:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, 8, *size, generator=generator)
    weight = torch.randn(12, 8, 3, 3, generator=generator)
    bias = torch.randn(12, generator=generator)
    expected = F.relu(F.conv2d(x.double(), weight.double(), bias.double(), padding=1))
    if pool:
        if min(size) < 2:
            pytest.skip("nothing to pool")
        expected = F.max_pool2d(expected, 2)
    found = winograd.convolve(x, winograd.transformed_kernels(weight), bias, pool)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("height", [64, 65, 90, 131])
def test_bands_of_the_first_layers_change_nothing(
    mixed: ChainTrunk, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winograd, "BAND_BYTES", 20_000)
    images = pair(height, 83)
    expected = mixed(images)
    found = open_engine(mixed, "winograd")(images)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("images", [1, 2, 3])
@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
def test_images_side_by_side_are_computed_as_one_by_one(
    mixed: ChainTrunk, images: int, mode: type
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        batch = pair(70, 98).repeat(2, 1, 1, 1)[:images]
        trunk = open_engine(mixed, "winograd")
        with mode():
            found = trunk(batch)
            expected = torch.cat([trunk(image) for image in batch.split(1)])
        assert not found.requires_grad
        assert torch.get_num_threads() == 2
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.max()))
    finally:
        torch.set_num_threads(before)


def test_the_winograd_engine_uses_winograd_on_vgg16(
    vgg16: ChainTrunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    convolve = winograd.convolve
    monkeypatch.setattr(winograd, "convolve", lambda *a: calls.append(a) or convolve(*a))
    with torch.inference_mode():
        open_engine(vgg16, "winograd")(pair(128, 128))
    assert calls


def test_less_memory_is_reckoned_with_where_the_first_maps_pass_in_bands(
    vgg16: ChainTrunk, mixed: ChainTrunk
) -> None:
    # Four times 64 maps of full size for the chain; twice 128 maps at half the side for what is
    # whole here.
    assert vgg16.bytes_per_pixel() == 4 * open_engine(vgg16, "winograd").bytes_per_pixel()
    if "ncnn" in installed():
        assert open_engine(vgg16, "ncnn").bytes_per_pixel() == vgg16.bytes_per_pixel()


def test_winograd_refuses_pools_it_does_not_know() -> None:
    layers = (Conv("a", 8), Pool(3, 2))
    trunk = open_engine(ChainTrunk("t", layers, random_weights(layers)), "winograd")
    with pytest.raises(InputError, match="2 x 2 of stride 2"):
        trunk(pair(32, 32))


def test_winograd_leaves_the_number_of_threads_of_others_alone(mixed: ChainTrunk) -> None:
    before = torch.get_num_threads()
    winograd._workers.cache_clear()
    torch.set_num_threads(2)
    try:
        open_engine(mixed, "winograd")(pair(64, 64))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 2
    finally:
        torch.set_num_threads(before)
