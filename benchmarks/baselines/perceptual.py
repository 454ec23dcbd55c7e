"""The arithmetic of LPIPS (VGG16 and AlexNet) and DISTS, with random weights.

Sources: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"
(CVPR 2018); Ding et al., "Image Quality Assessment: Unifying Structure and Texture Similarity"
(2020).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.baselines.deepssim_authors import STAGES


def _vgg_stages() -> list[nn.Sequential]:
    """The convolutions and ReLUs of each stage, without pools."""
    stages = []
    inputs = 3
    for channels in STAGES:
        modules: list[nn.Module] = []
        for outputs in channels:
            modules += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = outputs
        stages.append(nn.Sequential(*modules))
    return stages


def _alexnet_stages() -> list[nn.Sequential]:
    def convolution(*arguments: int) -> list[nn.Module]:
        return [nn.Conv2d(*arguments), nn.ReLU(inplace=True)]

    return [
        nn.Sequential(*convolution(3, 64, 11, 4, 2)),
        nn.Sequential(nn.MaxPool2d(3, 2), *convolution(64, 192, 5, 1, 2)),
        nn.Sequential(nn.MaxPool2d(3, 2), *convolution(192, 384, 3, 1, 1)),
        nn.Sequential(*convolution(384, 256, 3, 1, 1)),
        nn.Sequential(*convolution(256, 256, 3, 1, 1)),
    ]


class Lpips(nn.Module):
    """LPIPS: differences of unit-length features, weighted per channel, on five layers."""

    def __init__(self, network: str) -> None:
        super().__init__()
        if network == "vgg":
            stages = _vgg_stages()
            for stage in stages[1:]:
                stage.insert(0, nn.MaxPool2d(2))
        else:
            stages = _alexnet_stages()
        self.stages = nn.ModuleList(stages)
        channels = [
            [m for m in stage if isinstance(m, nn.Conv2d)][-1].out_channels for stage in stages
        ]
        self.heads = nn.ModuleList(nn.Conv2d(c, 1, 1, bias=False) for c in channels)
        self.register_buffer("shift", torch.tensor((-0.03, -0.088, -0.188)).view(3, 1, 1))
        self.register_buffer("scale", torch.tensor((0.458, 0.448, 0.45)).view(3, 1, 1))
        self.eval()

    def forward(self, reference: Tensor, distorted: Tensor) -> Tensor:
        a, b = ((2 * x - 1 - self.shift) / self.scale for x in (reference, distorted))
        total = torch.zeros(len(a))
        for stage, head in zip(self.stages, self.heads, strict=True):
            a, b = stage(a), stage(b)
            total = total + head((_unit(a) - _unit(b)) ** 2).mean((1, 2, 3))
        return total


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)


class Dists(nn.Module):
    """DISTS: similarity of means and of correlations of the features of VGG16 with L2 pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_vgg_stages())
        window = torch.tensor([0.5, 1.0, 0.5])
        kernel = window[:, None] * window[None]
        self.register_buffer("kernel", (kernel / kernel.sum())[None, None])
        self.eval()

    def _pool(self, x: Tensor) -> Tensor:
        kernel = self.kernel.expand(x.shape[1], -1, -1, -1)
        return (F.conv2d(x**2, kernel, stride=2, padding=1, groups=x.shape[1]) + 1e-12).sqrt()

    def _features(self, image: Tensor) -> list[Tensor]:
        result = [image]
        x = (image - 0.45) / 0.225
        for index, stage in enumerate(self.stages):
            x = stage(self._pool(x) if index else x)
            result.append(x)
        return result

    def forward(self, reference: Tensor, distorted: Tensor) -> Tensor:
        total = torch.zeros(len(reference))
        pairs = zip(self._features(reference), self._features(distorted), strict=True)
        for a, b in pairs:
            mean_a, mean_b = a.mean((2, 3)), b.mean((2, 3))
            texture = (2 * mean_a * mean_b + 1e-6) / (mean_a**2 + mean_b**2 + 1e-6)
            variance_a = ((a - mean_a[..., None, None]) ** 2).mean((2, 3))
            variance_b = ((b - mean_b[..., None, None]) ** 2).mean((2, 3))
            covariance = (a * b).mean((2, 3)) - mean_a * mean_b
            structure = (2 * covariance + 1e-6) / (variance_a + variance_b + 1e-6)
            total = total + (texture + structure).mean(1)
        return 1 - total / 12
