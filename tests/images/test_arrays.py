"""Arrays and tensors as images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from msds.errors import InputError
from msds.images import load_image

RNG = np.random.default_rng(0)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.dtype("<u2"), np.dtype(">u2")]),
        st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)),
    )
)
def test_integers_are_scaled_by_their_type(array: np.ndarray) -> None:
    pixels = load_image(array).pixels
    expected = array.astype(np.float64) / np.iinfo(array.dtype).max
    assert pixels.shape == (3, *array.shape[:2])
    np.testing.assert_allclose(pixels.permute(1, 2, 0).numpy(), expected, rtol=1e-7, atol=0)


@given(
    hnp.arrays(
        st.sampled_from([np.float16, np.float32, np.float64]),
        st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)),
        elements={"min_value": 0, "max_value": 1},
    )
)
def test_floats_are_taken_as_they_are(array: np.ndarray) -> None:
    pixels = load_image(array).pixels.permute(1, 2, 0).numpy()
    assert np.array_equal(pixels, array.astype(np.float32))


def test_neighbouring_16_bit_values_stay_apart() -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert len(load_image(ramp).pixels[0].unique()) == 65536
    assert len(load_image(torch.from_numpy(ramp)).pixels[0].unique()) == 65536


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1)])
def test_grey_arrays_are_expanded(shape: tuple[int, ...]) -> None:
    array = RNG.random(shape)
    image = load_image(array)
    assert image.pixels.shape == (3, 5, 7)
    assert image.notes == ("grey expanded to RGB",)
    assert np.array_equal(image.pixels[2].numpy(), array.reshape(5, 7).astype(np.float32))


def test_fourth_channel_of_an_array_is_alpha() -> None:
    array = np.zeros((2, 2, 4), np.uint8)
    array[0, 0, 3] = 255
    pixels = load_image(array).pixels
    assert pixels[0].tolist() == [[0, 1], [1, 1]]


def test_arrays_with_strides_and_read_only_memory_are_read() -> None:
    array = RNG.integers(0, 256, (8, 8, 3), np.uint8)
    turned = array[::-1, ::2]
    turned.setflags(write=False)
    assert torch.equal(load_image(turned).pixels, load_image(turned.copy()).pixels)


def test_reversed_arrays_of_one_row_are_read() -> None:
    row = np.arange(12, dtype=np.uint8).reshape(1, 4, 3)
    assert torch.equal(load_image(row[::-1]).pixels, load_image(row).pixels)


def test_result_does_not_share_an_arrays_memory() -> None:
    array = np.zeros((2, 2, 3), np.float32)
    image = load_image(array)
    array[:] = 1
    assert float(image.pixels.max()) == 0


@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 3, 5, 7)])
def test_tensors_have_their_channels_first(shape: tuple[int, ...]) -> None:
    tensor = torch.rand(shape, requires_grad=True)
    image = load_image(tensor)
    assert torch.equal(image.pixels, tensor.detach().reshape(3, 5, 7))
    assert not image.pixels.requires_grad


@pytest.mark.parametrize("shape", [(5, 7), (1, 5, 7), (1, 1, 5, 7)])
def test_grey_tensors_are_expanded(shape: tuple[int, ...]) -> None:
    tensor = torch.rand(shape)
    assert torch.equal(load_image(tensor).pixels, tensor.reshape(1, 5, 7).expand(3, 5, 7))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_tensors_of_other_precisions_become_float32(dtype: torch.dtype) -> None:
    tensor = torch.rand(3, 4, 4).to(dtype)
    assert torch.equal(load_image(tensor).pixels, tensor.float())


def test_array_and_tensor_of_the_same_image_are_the_same() -> None:
    array = RNG.integers(0, 65536, (9, 8, 3), np.uint16)
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    assert torch.equal(load_image(array).pixels, load_image(tensor).pixels)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    array = np.zeros((4, 4, 3), np.float32)
    array[1, 2, 0] = value
    for source in (array, torch.from_numpy(array).permute(2, 0, 1)):
        with pytest.raises(InputError, match="NaN or infinite values; expected finite ones"):
            load_image(source)


@pytest.mark.parametrize(("low", "high"), [(0.0, 255.0), (-0.001, 1.0), (0.0, 1.0001)])
def test_floats_outside_zero_to_one_are_refused_with_their_range(low: float, high: float) -> None:
    array = np.array([[low, high]])
    for source in (array, torch.from_numpy(array)):
        with pytest.raises(InputError, match=rf"run from {low:g} to {high:g}; expected \[0, 1\]"):
            load_image(source)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int8, np.uint32, bool, np.complex64])
def test_types_with_no_agreed_scale_are_refused(dtype: Any) -> None:
    array = np.zeros((4, 4, 3), dtype)
    with pytest.raises(InputError, match="expected uint8, uint16, or floating point"):
        load_image(array)
    if dtype is not np.uint32:
        with pytest.raises(InputError, match="expected uint8, uint16, or floating point"):
            load_image(torch.from_numpy(array).permute(2, 0, 1))


def test_wrong_ranks_and_channels_are_refused() -> None:
    for shape in ((4,), (1, 4, 4, 3), ()):
        with pytest.raises(InputError, match=r"expected \(H, W\), \(H, W, 3\) or \(H, W, 4\)"):
            load_image(np.zeros(shape))
    with pytest.raises(InputError, match="channels go last in NumPy arrays"):
        load_image(np.zeros((3, 40, 50)))
    with pytest.raises(InputError, match="expected 1, 3 or 4 channels in the last place"):
        load_image(np.zeros((9, 9, 2)))
    with pytest.raises(InputError, match="channels go first in tensors"):
        load_image(torch.zeros(40, 50, 3))
    with pytest.raises(InputError, match="expected 1 or 3 channels in the first place"):
        load_image(torch.zeros(4, 40, 50))
    with pytest.raises(InputError, match="a batch of 2 images"):
        load_image(torch.zeros(2, 3, 8, 8))
    with pytest.raises(InputError, match=r"expected \(3, H, W\)"):
        load_image(torch.zeros(5))
    for empty in (np.zeros((0, 4, 3)), torch.zeros(3, 0, 4)):
        with pytest.raises(InputError, match="expected at least one pixel"):
            load_image(empty)
