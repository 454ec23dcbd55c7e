"""The steps of DeepSSIM as its authors' program takes them.

Read in kekezhang112/DeepSSIM at commit 1f0e908: NCHW float32, both images every time, and the whole
of VGG16 with its classifier, though only the ReLU of conv5_1 is used.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
USED = 26
"""Modules of the convolutional part up to the ReLU of conv5_1."""


class AuthorsSteps(nn.Module):
    """One pair: (1, 3, H, W) images in [0, 1] to one number."""

    def __init__(self) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        inputs = 3
        for stage in STAGES:
            for outputs in stage:
                modules += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
                inputs = outputs
            modules.append(nn.MaxPool2d(2))
        self.features = nn.ModuleList(modules)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, 1000),
        )
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1))
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1))
        self.eval()

    def use(self, trunk: nn.Module) -> None:
        """Take the convolutions of our VGG16 up to conv5_1; the others stay random."""
        ours = [module for module in trunk.modules() if isinstance(module, nn.Conv2d)]
        theirs = [module for module in self.features if isinstance(module, nn.Conv2d)]
        for mine, own in zip(ours, theirs, strict=False):
            own.load_state_dict(mine.state_dict())

    def gram(self, image: Tensor) -> Tensor:
        """The Gram matrix of conv5_1, and all that the program computes besides."""
        x = (image - self.mean) / self.std
        for count, module in enumerate(self.features, start=1):
            x = module(x)
            if count == USED:
                used = x.flatten(2)
        self.classifier(F.adaptive_avg_pool2d(x, 7).flatten(1))
        return used @ used.transpose(1, 2)

    def forward(self, reference: Tensor, distorted: Tensor) -> Tensor:
        a, b = (
            F.unfold(self.gram(image)[:, None], 4, stride=4) for image in (reference, distorted)
        )
        mean_a, mean_b = a.mean(1), b.mean(1)
        covariance = (a * b).mean(1) - mean_a * mean_b
        variances = (a * a).mean(1) - mean_a**2 + (b * b).mean(1) - mean_b**2
        return ((2 * covariance + 1e-6) / (variances + 1e-6)).mean()
