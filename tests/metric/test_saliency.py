"""Saliency maps and masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PILImage
from scipy import ndimage

from msds.errors import InputError
from msds.metric.saliency import load_mask, saliency_map, saliency_mask


def spectral_residual(grey: np.ndarray) -> np.ndarray:
    """The published program's steps in float64, with SciPy's filters."""
    spectrum = np.fft.fft2(grey)
    log_amplitude = np.log(np.abs(spectrum))
    residual = log_amplitude - ndimage.uniform_filter(log_amplitude, 3, mode="nearest")
    energy = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = ndimage.gaussian_filter(energy, 2.5, mode="constant", radius=5)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


def test_map_agrees_with_the_published_steps_in_float64() -> None:
    grey = np.random.default_rng(1).random((48, 64))
    image = torch.from_numpy(grey).float().expand(1, 3, -1, -1)
    found = saliency_map(image)[0, 0].double().numpy()
    np.testing.assert_allclose(found, spectral_residual(grey), atol=2e-5)


def test_a_lone_spot_is_the_most_salient_place() -> None:
    image = torch.full((1, 3, 192, 256), 0.5)
    image += 0.01 * torch.rand(image.shape, generator=torch.Generator().manual_seed(0))
    image[:, :, 40:52, 180:192] = 1.0
    row, column = divmod(int(saliency_map(image)[0, 0].argmax()), 256)
    assert abs(row - 46) <= 12
    assert abs(column - 186) <= 12


def test_mask_holds_ones_and_zeros_and_has_the_images_size() -> None:
    image = torch.rand(2, 3, 70, 90, generator=torch.Generator().manual_seed(0))
    mask = saliency_mask(image, threshold=0.1)
    assert mask.shape == (2, 1, 70, 90)
    assert mask.dtype == torch.float32
    assert set(mask.unique().tolist()) == {0.0, 1.0}


def test_each_image_of_a_batch_gets_the_mask_it_gets_alone() -> None:
    image = torch.rand(3, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    together = saliency_mask(image, threshold=0.2)
    alone = torch.cat([saliency_mask(image[i : i + 1], threshold=0.2) for i in range(3)])
    assert torch.equal(together, alone)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_nothing_stands_out_in_an_image_of_one_colour_and_all_of_it_is_kept(value: float) -> None:
    assert torch.equal(saliency_mask(torch.full((1, 3, 80, 80), value)), torch.ones(1, 1, 80, 80))


def test_half_precision_does_not_change_how_the_map_is_computed() -> None:
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = saliency_map(image)
    assert found.dtype == torch.float32
    assert torch.equal(found, saliency_map(image.float()))


def test_map_file_is_thresholded_strictly_above(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    PILImage.fromarray(np.array([[0, 51, 102, 255]], np.uint8)).save(path)
    assert load_mask(path, (1, 4)).flatten().tolist() == [0, 1, 1, 1]
    assert load_mask(path, (1, 4), threshold=0.2).flatten().tolist() == [0, 0, 1, 1]


def test_map_of_another_size_is_resized_before_the_threshold() -> None:
    mask = load_mask(np.array([[0.0, 1.0]], np.float32), (4, 8), threshold=0.5)
    assert mask.shape == (1, 1, 4, 8)
    assert mask[0, 0].tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]] * 4


def test_map_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"no saliency above 0\.5, the greatest is 0\.25"):
        load_mask(np.full((4, 4), 0.25), (4, 4), threshold=0.5)


@pytest.mark.parametrize("threshold", [-0.1, 1.0, float("nan")])
def test_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match=r"expected a number in \[0, 1\)"):
        saliency_mask(torch.rand(1, 3, 8, 8), threshold=threshold)


def test_unknown_method_and_wrong_shape_are_refused() -> None:
    with pytest.raises(InputError, match="'gbvs'; expected one of spectral-residual"):
        saliency_map(torch.rand(1, 3, 8, 8), method="gbvs")
    with pytest.raises(InputError, match=r"shape \(3, 8, 8\); expected \(N, 3, H, W\)"):
        saliency_map(torch.rand(3, 8, 8))


def test_of_a_map_in_colours_the_first_channel_counts_as_in_the_authors_program() -> None:
    pixels = np.zeros((4, 4, 3), np.float32)
    pixels[:, :2, 0] = 0.5
    pixels[:, 2:, 1:] = 1.0
    assert load_mask(pixels, (4, 4))[0, 0].tolist() == [[1, 1, 0, 0]] * 4
