"""PSNR, SSIM and MS-SSIM against other packages and their authors' MATLAB code, in loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers import trees
from msds.errors import InputError
from msds.images import Image, load_image
from msds.scoring.classics import MSSSIM, PSNR, SSIM, FullSizeSSIM, baseline
from msds.scoring.contenders import Contender
from msds.study.datasets import open_dataset
from msds.study.statistics import spearman

signal = pytest.importorskip("scipy.signal")
pytest.importorskip("skimage")


def mirrored(index: int, size: int) -> int:
    """MATLAB's 'symmetric' border: the border pixel is repeated."""
    if index < 0:
        return -index - 1
    return 2 * size - 1 - index if index >= size else index


def down_sampled(image: np.ndarray, factor: int) -> np.ndarray:
    """imfilter(image, ones(f)/f^2, 'symmetric') and every f-th pixel, by its definition."""
    height, width = image.shape
    middle = (factor + 1) // 2 - 1  # MATLAB: floor((size + 1) / 2), from one
    found = np.zeros((-(-height // factor), -(-width // factor)))
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            for k in range(factor):
                for m in range(factor):
                    row = mirrored(i * factor + k - middle, height)
                    column = mirrored(j * factor + m - middle, width)
                    found[i, j] += image[row, column] / factor**2
    return found


def parts(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Means of the SSIM map, and of that of contrast and structure, as in ssim.m."""
    t = np.arange(11) - 5
    window = np.exp(-(t[:, None] ** 2 + t[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(z: np.ndarray) -> np.ndarray:
        return np.asarray(signal.convolve2d(z, window, mode="valid"))

    c1, c2 = 0.01**2, 0.03**2
    mx, my = mean(x), mean(y)
    sxx, syy, sxy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    contrast = (2 * sxy + c2) / (sxx + syy + c2)
    return float(np.mean((2 * mx * my + c1) / (mx**2 + my**2 + c1) * contrast)), float(
        contrast.mean()
    )


def pictures(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A smooth picture and the same with noise and less contrast, (3, H, W) in [0, 1]."""
    random = np.random.default_rng(height)
    y, x = np.mgrid[0:height, 0:width] / 40
    plane = 0.5 + 0.2 * np.sin(x + 0.3 * y) + 0.15 * np.cos(2.1 * y - x)
    first = np.clip(np.stack([plane, plane * 0.9, 1 - plane]), 0, 1)
    second = np.clip(0.8 * first + 0.1 + random.normal(0, 0.06, first.shape), 0, 1)
    return torch.from_numpy(first), torch.from_numpy(second)


class Picture:
    """What a classic metric asks of an image."""

    def __init__(self, pixels: torch.Tensor) -> None:
        self.pixels = pixels


def measured(contender: Contender, first: torch.Tensor, second: torch.Tensor) -> float:
    ready = [contender.prepare(Picture(x)) for x in (first, second)]  # type: ignore[arg-type]
    return contender.compare(*ready)[0]


def grey(pixels: torch.Tensor) -> np.ndarray:
    return np.tensordot([0.299, 0.587, 0.114], pixels.numpy(), 1)


@pytest.mark.parametrize(
    ("height", "width", "factor"), [(120, 150, 1), (384, 400, 2), (385, 391, 2), (641, 650, 3)]
)
def test_ssim_is_down_sampled_as_its_authors_do(height: int, width: int, factor: int) -> None:
    first, second = pictures(height, width)
    x, y = (down_sampled(grey(p), factor) for p in (first, second))
    assert measured(SSIM(), first, second) == pytest.approx(parts(x, y)[0], abs=1e-10)


def test_ssim_at_full_size_is_the_same_formula_on_every_pixel() -> None:
    first, second = pictures(384, 300)
    expected = parts(grey(first), grey(second))[0]
    assert measured(FullSizeSSIM(), first, second) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("height", "width"), [(192, 208), (187, 203)])
def test_ms_ssim_is_its_authors_code_also_with_odd_sides(height: int, width: int) -> None:
    first, second = pictures(height, width)
    x, y, expected = grey(first), grey(second), 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        expected *= parts(x, y)[0 if scale == 4 else 1] ** weight
        x, y = down_sampled(x, 2), down_sampled(y, 2)
    assert measured(MSSSIM(), first, second) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("size", [(11, 11), (37, 52)])
def test_ssim_at_full_size_is_that_of_scikit_image(size: tuple[int, int]) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    first, second = pictures(*size)
    how = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = metrics.structural_similarity(grey(first), grey(second), data_range=1.0, **how)
    assert measured(FullSizeSSIM(), first, second) == pytest.approx(expected, abs=1e-12)


def test_images_smaller_than_the_window_of_ssim_are_refused() -> None:
    with pytest.raises(InputError, match="needs images of at least 11 pixels a side"):
        measured(FullSizeSSIM(), *pictures(10, 40))


def test_the_two_kinds_of_ssim_are_told_apart_by_name_and_key() -> None:
    advised, plain = baseline("ssim"), baseline("ssim-full-size")
    assert (advised.name, plain.name) == ("SSIM (down-sampled)", "SSIM (full size)")
    assert advised.key != plain.key


@pytest.mark.slow
def test_down_sampled_ssim_agrees_better_with_people_than_at_full_size(
    shared_dir: Path,
) -> None:
    data = open_dataset(str(shared_dir / "data" / "tid2013-part" / "pairs.csv"))
    found = {}
    for contender in (SSIM(), FullSizeSSIM()):
        ready = [
            [contender.prepare(load_image(path)) for path in (pair.reference, pair.distorted)]
            for pair in data.pairs
        ]
        scores = np.array([contender.compare(*pair)[0] for pair in ready])
        found[contender.name] = spearman(scores, data.quality)
    assert found["SSIM (down-sampled)"] > found["SSIM (full size)"] + 0.1


def test_psnr_and_ssim_are_those_of_scikit_image(tmp_path: Path) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    photograph = trees.photograph(0, 64)
    arrays = [photograph, trees.noisy(photograph, 16.0)]
    paths = [tmp_path / "reference.png", tmp_path / "distorted.png"]
    for path, array in zip(paths, arrays, strict=True):
        trees.save(path, array)
    images = [load_image(path) for path in paths]
    psnr = PSNR()
    expected = metrics.peak_signal_noise_ratio(*arrays, data_range=255)
    found = psnr.compare(*(psnr.prepare(image) for image in images))[0]
    assert found == pytest.approx(expected, rel=1e-6)
    grey = [(a @ np.array([0.299, 0.587, 0.114])) / 255 for a in arrays]
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = metrics.structural_similarity(*grey, data_range=1.0, **options)
    ssim = SSIM()
    found = ssim.compare(*(ssim.prepare(image) for image in images))[0]
    assert found == pytest.approx(expected, abs=1e-6)


def test_ms_ssim_agrees_with_an_independent_implementation() -> None:
    package = pytest.importorskip("pytorch_msssim")
    random = np.random.default_rng(0)
    first = torch.from_numpy(random.random((3, 192, 208), dtype=np.float32)) * 0.3 + 0.3
    smooth = torch.nn.functional.avg_pool2d(first[None], 5, 1, 2)[0]
    second = (smooth + 0.02).clamp(0, 1)
    contender = MSSSIM()
    prepared = [contender.prepare(Image(x, (), "x")) for x in (smooth, second * 0.9)]
    expected = package.ms_ssim(*prepared, data_range=1.0, win_sigma=1.5)
    assert contender.compare(*prepared)[0] == pytest.approx(float(expected), abs=1e-6)
    with pytest.raises(InputError, match="at least 176"):
        contender.compare(*(x[..., :100, :100] for x in prepared))


def test_identical_images_have_the_highest_psnr_and_not_an_infinite_one() -> None:
    contender = PSNR()
    image = contender.prepare(load_image(trees.photograph(0, 64)))
    assert contender.compare(image, image) == (100.0,)


def test_unknown_baselines_are_refused() -> None:
    with pytest.raises(InputError, match="psnr, ssim, ssim-full-size, ms-ssim"):
        baseline("vmaf")
