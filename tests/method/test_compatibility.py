"""The numbers of the DeepSSIM authors' own programs, from an independent float64 transcription.

The transcription follows the description in docs/deepssim-compatibility.md and shares no code
with the package: plain convolutions one after another, Gram matrices, the covariance as the mean of
the product minus the product of the means. The trunk has VGG16's shape and random weights: which
weights there are makes no difference to the arithmetic.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

import msds
from msds.trunks import ChainTrunk

C = 1e-6
STAGES = ((1, 2), (2, 2), (3, 3), (4, 3), (5, 1))


@pytest.fixture(scope="module")
def deepssim() -> msds.DeepSSIM:
    return msds.DeepSSIM("vgg16", trunk_weights="random")


def features(metric: msds.MSDS, images: Tensor, saliency: Tensor | None = None) -> Tensor:
    """VGG16 up to the ReLU of conv5_1 in float64; saliency is multiplied before the first ReLU."""
    weights = {k: v.double() for k, v in metric.trunk.state_dict().items()}
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)[:, None, None]
    x = (images.double() - mean) / std
    for stage, count in STAGES:
        if stage > 1:
            x = F.max_pool2d(x, 2)
        for i in range(1, count + 1):
            name = f"convolutions.conv{stage}_{i}"
            x = F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)
            if saliency is not None and (stage, i) == (1, 1):
                x = x * (saliency > 0)
            x = x.clamp(min=0)
    return x


def grams(maps: Tensor) -> NDArray[np.float64]:
    """F F^T of every image."""
    rows = maps.flatten(2).numpy()
    return np.stack([f @ f.T for f in rows])


def structure(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """S of two sets of numbers, the covariance by its short form."""
    covariance = (x * y).mean() - x.mean() * y.mean()
    return float((2 * covariance + C) / (x.var() + y.var() + C))


def number_of_the_pytorch_code(
    metric: msds.MSDS,
    reference: Tensor,
    distorted: Tensor,
    maps: tuple[Tensor | None, Tensor | None] = (None, None),
) -> float:
    """Mean of S over all 4 x 4 blocks of all images of the batch."""
    pairs = zip(
        grams(features(metric, reference, maps[0])),
        grams(features(metric, distorted, maps[1])),
        strict=True,
    )
    values = [
        structure(a[i : i + 4, j : j + 4], b[i : i + 4, j : j + 4])
        for a, b in pairs
        for i in range(0, 512, 4)
        for j in range(0, 512, 4)
    ]
    return float(np.mean(values))


def number_of_the_lite_loss(metric: msds.MSDS, reference: Tensor, distorted: Tensor) -> float:
    """Mean over the batch of 1 - S over whole Gram matrices divided by C * h * w."""
    x, y = features(metric, reference), features(metric, distorted)
    pairs = zip(grams(x) / x[0].numel(), grams(y) / y[0].numel(), strict=True)
    return float(np.mean([1 - structure(a, b) for a, b in pairs]))


def images(seed: int, n: int = 2, height: int = 50, width: int = 64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, 3, 5, 6, generator=generator)
    smooth = F.interpolate(coarse, (height, width), mode="bilinear")
    return (smooth + 0.1 * torch.rand(n, 3, height, width, generator=generator)).clamp(0, 1)


def test_the_batch_mean_of_deepssim_is_the_number_the_pytorch_code_prints(
    deepssim: msds.DeepSSIM,
) -> None:
    a, b = images(1), images(2)
    expected = number_of_the_pytorch_code(deepssim, a, b)
    assert 0 < expected < 1
    assert float(deepssim(a, b).mean()) == pytest.approx(expected, abs=1e-5)


def test_it_is_the_same_number_for_images_of_different_size(deepssim: msds.DeepSSIM) -> None:
    a, b = images(1), images(2, height=48, width=33)
    expected = number_of_the_pytorch_code(deepssim, a, b)
    assert float(deepssim(a, b).mean()) == pytest.approx(expected, abs=1e-5)


def test_it_is_the_same_number_with_saliency_calibration(deepssim: msds.DeepSSIM) -> None:
    a, b = images(1, 1), images(2, 1)
    maps = tuple((images(seed, 1)[:, :1] - 0.5).clamp(min=0) for seed in (3, 4))
    assert all(0.1 < float((m > 0).float().mean()) < 0.9 for m in maps)
    expected = number_of_the_pytorch_code(deepssim, a, b, (maps[0], maps[1]))
    masks = [(m > 0).float() for m in maps]
    found = deepssim(a, b, reference_mask=masks[0], distorted_mask=masks[1])
    assert float(found.mean()) == pytest.approx(expected, abs=1e-5)
    assert expected != pytest.approx(number_of_the_pytorch_code(deepssim, a, b), abs=1e-3)


def test_the_lite_loss_is_the_number_of_the_lite_code(deepssim: msds.DeepSSIM) -> None:
    loss = msds.DeepSSIMLiteLoss(deepssim.trunk)
    a, b = images(1), images(2)
    expected = number_of_the_lite_loss(deepssim, a, b)
    assert 0 < expected < 1
    assert float(loss(a, b)) == pytest.approx(expected, abs=1e-6)


def test_double_precision_agrees_to_twelve_digits(deepssim: msds.DeepSSIM) -> None:
    assert isinstance(deepssim.trunk, ChainTrunk)
    metric = msds.DeepSSIM("vgg16", trunk_weights="random").double()
    a, b = images(1, 1).double(), images(2, 1).double()
    expected = number_of_the_pytorch_code(metric, a, b)
    assert float(metric(a, b).mean()) == pytest.approx(expected, rel=1e-12)


def test_pixels_of_an_opaque_8_bit_file_are_read_as_their_program_reads_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("files") / "photo.png"
    samples = (images(5, 1)[0] * 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(samples).save(file)
    theirs = np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1) / np.float32(255)
    assert np.array_equal(msds.load_image(file).pixels.numpy(), theirs)


def test_every_block_of_identical_images_is_exactly_one_where_the_short_form_is_not(
    deepssim: msds.DeepSSIM,
) -> None:
    a = images(1, 1)
    assert float(deepssim(a, a)) == 1.0
    gram = torch.from_numpy(grams(features(deepssim, a))).float()
    blocks = gram.unfold(1, 4, 4).unfold(2, 4, 4)
    mean = blocks.mean((3, 4), keepdim=True)
    variance = (blocks - mean).square().mean((3, 4))
    covariance = blocks.square().mean((3, 4)) - mean.squeeze() ** 2
    theirs = (2 * covariance + C) / (2 * variance + C)
    assert (theirs - 1).abs().max() > 1e-6
    assert float(theirs.mean()) == pytest.approx(1.0, abs=1e-3)


def test_a_score_of_files_with_saliency_maps_is_the_number_of_the_pytorch_code(
    deepssim: msds.DeepSSIM, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("calibrated")
    generator = np.random.default_rng(8)
    pixels, maps = {}, {}
    for name, size in (("reference", (48, 64, 3)), ("retargeted", (48, 40, 3))):
        pixels[name] = generator.integers(0, 256, size, dtype=np.uint8)
        maps[name] = generator.integers(0, 2, size[:2], dtype=np.uint8) * 90
        Image.fromarray(pixels[name]).save(folder / f"{name}.png")
        Image.fromarray(maps[name]).save(folder / f"{name}_map.png")
    images = [torch.from_numpy(p).permute(2, 0, 1)[None] / 255.0 for p in pixels.values()]
    saliency = tuple(torch.from_numpy(m)[None, None] / 255.0 for m in maps.values())
    theirs = number_of_the_pytorch_code(deepssim, *images, saliency)
    found = msds.score(
        folder / "reference.png",
        folder / "retargeted.png",
        model=deepssim,
        saliency=(folder / "reference_map.png", folder / "retargeted_map.png"),
    )
    assert float(found) == pytest.approx(theirs, abs=1e-5)
