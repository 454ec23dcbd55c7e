"""BVLC GoogLeNet as a trunk of the user's own: an example of `ModuleTrunk`, and a teacher.

The network file is not part of this project. It holds `conv1.7x7_s2.weight`,
`inception_3a.1x1.bias` and so on, kernels as (out, in, h, w), for input in BGR, 0 to 255, minus
(104, 117, 123).
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from msds.trunks import ModuleTrunk

INCEPTIONS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e")
POOL_BEFORE = "4a"


class GoogLeNet(nn.Module):
    """GoogLeNet from RGB in [0, 1] to the output of one inception block, such as "4b"."""

    def __init__(self, file: Path, last: str = "4b") -> None:
        super().__init__()
        self.blocks = INCEPTIONS[: INCEPTIONS.index(last) + 1]
        used = ("conv", *(f"inception_{block}" for block in self.blocks))
        for key, value in load_file(file).items():
            if key.startswith(used):
                self.register_buffer(key.replace(".", "_"), value)

    def _conv(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight = self.get_buffer(f"{name}_weight")
        bias = self.get_buffer(f"{name}_bias")
        return F.relu(F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2))

    def _inception(self, x: Tensor, block: str) -> Tensor:
        name = f"inception_{block}"
        pooled = F.max_pool2d(x, 3, 1, 1)
        return torch.cat(
            [
                self._conv(x, f"{name}_1x1"),
                self._conv(self._conv(x, f"{name}_3x3_reduce"), f"{name}_3x3"),
                self._conv(self._conv(x, f"{name}_5x5_reduce"), f"{name}_5x5"),
                self._conv(pooled, f"{name}_pool_proj"),
            ],
            1,
        )

    def forward(self, images: Tensor) -> Tensor:
        mean = images.new_tensor((104.0, 117.0, 123.0)).view(3, 1, 1)
        x = (images.flip(1) * 255 - mean).contiguous(memory_format=torch.channels_last)
        x = F.max_pool2d(self._conv(x, "conv1_7x7_s2", 2), 3, 2, ceil_mode=True)
        x = self._conv(_response_norm(x), "conv2_3x3_reduce")
        x = _response_norm(self._conv(x, "conv2_3x3"))
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        for block in self.blocks:
            if block == POOL_BEFORE:
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            x = self._inception(x, block)
        return x


def _response_norm(x: Tensor) -> Tensor:
    """Local response normalisation over 5 channels (1e-4, 0.75); torch's own is slow on a CPU."""
    squares = F.pad(x.square(), (0, 0, 0, 0, 2, 2))
    total = sum(squares[:, k : k + x.shape[1]] for k in range(5))
    return x * (1 + 1e-4 / 5 * total) ** -0.75


def googlenet_trunk(file: Path, last: str = "4b") -> ModuleTrunk:
    """GoogLeNet up to an inception block, ready for `msds.MSDS`."""
    return ModuleTrunk(GoogLeNet(file, last), name=f"googlenet-{last}", stride=16)
