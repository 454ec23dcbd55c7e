"""DISTS with its published weights.

K. Ding, K. Ma, S. Wang, E. P. Simoncelli: "Image Quality Assessment: Unifying Structure and Texture
Similarity", IEEE TPAMI 2022, arXiv:2004.07728. VGG16 with smooth pools, and per channel a term
for means (texture) and one for covariances (structure), weighted by alpha and beta.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from msds.scoring.contenders import Contender
from msds.scoring.rivals.files import digests, read_files
from msds.scoring.rivals.taps import VGG16, Taps, per_channel
from msds.scoring.sizes import same_size
from msds.trunks.chain import IMAGENET_MEAN, IMAGENET_STD

if TYPE_CHECKING:
    from msds.images import Image

_STABLE = 1e-6
"""Both of the paper's constants c1 and c2."""

_WINDOW = (0.25, 0.5, 0.25)
"""What is not zero of Hann's window of five points, with sum one."""


class DISTS(Contender):
    """Deep Image Structure and Texture Similarity, its sign turned: higher is better, at most 0.

    The authors' code makes the shorter side of a large image 256 pixels first; here every image is
    compared at its own size, as the other contenders do.

    Parameters
    ----------
    device : where images are compared.

    Raises
    ------
    MissingExtraError, WeightsError
        If the packages with the weights are not installed, or hold others.
    """

    name = "DISTS"
    columns: tuple[str, ...] = ("-distance",)

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device: torch.device = torch.device(device)
        network, terms = read_files("dists", "vgg16", "dists")
        self.taps: Taps = Taps(VGG16, network, self.device, l2_pool)
        self.alpha, self.beta = (terms[name].reshape(-1).double() for name in ("alpha", "beta"))

    def settings(self) -> dict[str, Any]:
        return {
            "metric": "dists",
            "network": "vgg16",
            "weights": digests("vgg16", "dists"),
            "resized": False,
        }

    def prepare(self, image: Image) -> list[Tensor]:
        """The image itself and the network's five maps."""
        with torch.inference_mode():
            x = image.pixels[None].to(self.device)
            normal = (x - per_channel(IMAGENET_MEAN, x)) / per_channel(IMAGENET_STD, x)
            return [x, *self.taps(normal)]

    def compare(self, reference: list[Tensor], distorted: list[Tensor]) -> tuple[float, ...]:
        same_size(reference[0], distorted[0], self.name)
        with torch.inference_mode():
            parts = [_terms(x, y) for x, y in zip(reference, distorted, strict=True)]
            texture, structure = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
            lost = self.alpha @ (1 - texture.double()) + self.beta @ (1 - structure.double())
            return (0.0 - float(lost / (self.alpha.sum() + self.beta.sum())),)


def l2_pool(x: Tensor) -> Tensor:
    """(N, C, H, W) maps at half the size, rounded up: roots of smoothed squares.

    The window is Hann's, of three points a side, over zeros beyond the border.
    """
    line = x.new_tensor(_WINDOW)
    channels = x.shape[1]
    window = torch.outer(line, line).expand(channels, 1, 3, 3)
    # The tiny number is the authors': it keeps the root's slope finite.
    return (F.conv2d(x.square(), window, stride=2, padding=1, groups=channels) + 1e-12).sqrt_()


def _terms(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(C,) similarities of the means of two (1, C, H, W) maps, and of what varies around them."""
    mean_x, mean_y = x.mean((0, 2, 3)), y.mean((0, 2, 3))
    texture = (2 * mean_x * mean_y + _STABLE) / (mean_x**2 + mean_y**2 + _STABLE)
    x, y = x - mean_x.view(-1, 1, 1), y - mean_y.view(-1, 1, 1)
    var_x, var_y, cov = (product.mean((0, 2, 3)) for product in (x.square(), y.square(), x * y))
    return texture, (2 * cov + _STABLE) / (var_x + var_y + _STABLE)
