"""The teacher: BVLC GoogLeNet up to inception_4b, read from safetensors.

Input is BGR in 0..255 minus (104, 117, 123); max pools round up; 512 channels at stride 16.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

BLOCKS = ("inception_3a", "inception_3b", "pool", "inception_4a", "inception_4b")
CHANNELS = 512


class Teacher(nn.Module):
    """Frozen GoogLeNet; forward takes RGB (N, 3, H, W) in [0, 1], returns (N, 512, H/16, W/16)."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names: dict[str, str] = {}
        for name, value in load_file(str(path)).items():
            if name.startswith(("conv", *BLOCKS)):
                if value.ndim == 4:
                    value = value.contiguous(memory_format=torch.channels_last)
                safe = name.replace(".", "/").rsplit("/", 1)
                self.register_buffer("_".join(safe).replace("/", "_"), value)

    def _conv(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        key = name.replace(".", "_")
        weight, bias = self.get_buffer(f"{key}_weight"), self.get_buffer(f"{key}_bias")
        return F.relu_(F.conv2d(x, weight, bias, stride, padding))

    def _inception(self, x: Tensor, name: str) -> Tensor:
        return torch.cat(
            (
                self._conv(x, f"{name}.1x1"),
                self._conv(self._conv(x, f"{name}.3x3_reduce"), f"{name}.3x3", padding=1),
                self._conv(self._conv(x, f"{name}.5x5_reduce"), f"{name}.5x5", padding=2),
                self._conv(F.max_pool2d(x, 3, 1, 1), f"{name}.pool_proj"),
            ),
            dim=1,
        )

    def forward(self, image: Tensor) -> Tensor:
        mean = torch.tensor((104.0, 117.0, 123.0), device=image.device).view(3, 1, 1)
        x = (image.flip(1) * 255 - mean).contiguous(memory_format=torch.channels_last)
        x = self._conv(x, "conv1.7x7_s2", stride=2, padding=3)
        x = response_norm(F.max_pool2d(x, 3, 2, ceil_mode=True))
        x = self._conv(self._conv(x, "conv2.3x3_reduce"), "conv2.3x3", padding=1)
        x = F.max_pool2d(response_norm(x), 3, 2, ceil_mode=True)
        for block in BLOCKS:
            if block == "pool":
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            else:
                x = self._inception(x, block)
        return x


def response_norm(x: Tensor) -> Tensor:
    """Local response normalisation over 5 channels (alpha 1e-4, beta 0.75, k 1)."""
    index = torch.arange(x.shape[1])
    near = ((index[:, None] - index).abs() <= 2).float().mul_(1e-4 / 5)
    root = F.conv2d(x.square(), near[..., None, None]).add_(1).rsqrt_()
    return root.mul_(root.sqrt()).mul_(x)
