"""LPIPS v0.1 with its published weights.

R. Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang: "The Unreasonable Effectiveness of Deep
Features as a Perceptual Metric", CVPR 2018, arXiv:1801.03924. Version 0.1 scales the colour
channels, which the networks were trained with, and is the one that the authors recommend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from msds.scoring.contenders import Contender
from msds.scoring.rivals.files import digests, read_files
from msds.scoring.rivals.taps import ALEXNET, VGG16, Taps, check_least, per_channel
from msds.scoring.sizes import same_size

if TYPE_CHECKING:
    from msds.images import Image

# The mean and deviation of ImageNet for channels in [-1, 1], as the authors' code rounds them.
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
_TINY = 1e-10
_NETWORKS = {"vgg": VGG16, "alex": ALEXNET}


class LPIPS(Contender):
    """Learned Perceptual Image Patch Similarity, with its sign turned: higher is better, at most 0.

    Parameters
    ----------
    network : "vgg" or "alex".
    device : where images are compared.

    Raises
    ------
    MissingExtraError, WeightsError
        If the package with the weights is not installed, or holds others.
    """

    columns: tuple[str, ...] = ("-distance",)

    def __init__(self, network: Literal["vgg", "alex"], device: torch.device | str = "cpu") -> None:
        self.name = f"LPIPS ({network})"
        self.network = _NETWORKS[network]
        self.device: torch.device = torch.device(device)
        (arrays,) = read_files(f"lpips-{network}", self.network.file)
        self.taps: Taps = Taps(self.network, arrays, self.device)
        self.heads: list[Tensor] = [
            arrays[f"NetLinLayer_{k}/Conv_0/kernel"].reshape(-1).to(self.device)
            for k in range(len(self.network.stages))
        ]

    def settings(self) -> dict[str, Any]:
        return {
            "metric": "lpips",
            "version": "0.1",
            "network": self.network.file,
            "weights": digests(self.network.file),
            "resized": False,
        }

    def prepare(self, image: Image) -> list[Tensor]:
        """Maps whose vectors of channels have unit length."""
        check_least(image.pixels, self.network.least, self.name)
        with torch.inference_mode():
            x = 2 * image.pixels[None].to(self.device) - 1
            x = (x - per_channel(SHIFT, x)) / per_channel(SCALE, x)
            return [_unit(maps) for maps in self.taps(x)]

    def compare(self, reference: list[Tensor], distorted: list[Tensor]) -> tuple[float, ...]:
        same_size(reference[0], distorted[0], self.name)
        distance = 0.0
        with torch.inference_mode():
            for head, x, y in zip(self.heads, reference, distorted, strict=True):
                # The head is linear: the spatial mean may come first.
                distance += float(head @ (x - y).square_().mean((0, 2, 3)))
        return (0.0 - distance,)


def _unit(maps: Tensor) -> Tensor:
    return maps / (maps.square().sum(1, keepdim=True).sqrt_() + _TINY)
