"""What is timed: every engine and trunk of this package, and every other metric that installs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from msds.engines import installed
from msds.metric import MSDS, DeepSSIM
from msds.trunks import load_trunk
from msds.trunks.layers import multiply_accumulates
from msds.trunks.weights.published import candidates, published_weights

Pair = Callable[[Tensor, Tensor], Any]


@dataclass(frozen=True)
class Contender:
    """A metric: how to build it, and how to count its convolutions for one pair.

    Attributes
    ----------
    name : row of the table.
    build : makes the function from two (1, 3, H, W) tensors in [0, 1] to a score.
    layers : table of the trunk, whose multiplications are counted as direct convolutions.
    levels : levels of the pyramid the trunk runs on.
    """

    name: str
    build: Callable[[], Pair]
    trunk: str | None = None
    levels: int = 1

    def operations(self, height: int, width: int) -> float | None:
        """Floating-point operations of the convolutions of one pair, counted directly."""
        if self.trunk is None:
            return None
        layers = load_trunk(self.trunk, weights_at_hand(self.trunk)).layers
        return 4.0 * sum(
            multiply_accumulates(layers, height >> k, width >> k) for k in range(self.levels)
        )


def weights_at_hand(trunk: str) -> str | None:
    """None for the trunk's own weights, or "random" where they would have to be downloaded."""
    if trunk == "compact":
        return None
    return None if candidates(published_weights(trunk)) else "random"


def metric(trunk: str, levels: int, engine: str, precision: str = "float32") -> MSDS:
    """One of our metrics, with its published weights where they are at hand."""
    weights = weights_at_hand(trunk)
    made = (
        DeepSSIM(trunk, trunk_weights=weights)
        if levels == 1
        else MSDS(trunk, levels=levels, trunk_weights=weights)
    )
    return made.set_engine(engine, precision)


def label(trunk: str, levels: int, engine: str) -> str:
    """What tables and plots call one of our metrics."""
    return f"{trunk}, {levels} level{'s' * (levels > 1)}, {engine}"


def ours(quick: bool) -> list[Contender]:
    """This package: trunks, levels, engines, precisions."""
    engines = ["torch", *installed()]
    result = []
    for trunk in ("vgg16", "compact"):
        for levels in (1, 4):
            few = quick and levels == (4 if trunk == "vgg16" else 1)
            for engine in ("torch", "winograd") if few else engines:
                if trunk == "compact" and engine == "winograd":
                    continue  # its layers are too small: it runs as torch does
                result.append(
                    Contender(
                        label(trunk, levels, engine),
                        lambda t=trunk, n=levels, e=engine: metric(t, n, e),
                        trunk,
                        levels,
                    )
                )
    result.append(Contender(label("compact", 4, "torch.compile"), _compiled, "compact", 4))
    return result


def others() -> list[Contender]:
    """The authors' steps, other deep metrics' arithmetic, and classical metrics."""
    return [
        Contender("DeepSSIM, authors' steps", _authors, "vgg16"),
        Contender("LPIPS-VGG, arithmetic", lambda: _perceptual("vgg")),
        Contender("LPIPS-Alex, arithmetic", lambda: _perceptual("alex")),
        Contender("DISTS, arithmetic", lambda: _perceptual("dists")),
        Contender("MS-SSIM, pytorch-msssim", _ms_ssim),
        Contender("MS-SSIM, torchmetrics", _torchmetrics),
        Contender("SSIM, scikit-image", _ssim),
        Contender("FLIP, flip-evaluator", _flip),
    ]


def _compiled() -> Pair:
    if not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++", "cl"))):
        raise ImportError("torch.compile needs a C++ compiler")
    # Of no certain size, as whoever has images of several would compile it.
    return cast(Pair, torch.compile(metric("compact", 4, "torch"), dynamic=True))


def _authors() -> Pair:
    from benchmarks.baselines.deepssim_authors import AuthorsSteps

    steps = AuthorsSteps()
    steps.use(load_trunk("vgg16", weights_at_hand("vgg16")))
    return steps


def _perceptual(name: str) -> Pair:
    from benchmarks.baselines.perceptual import Dists, Lpips

    return Dists() if name == "dists" else Lpips(name)


def _ms_ssim() -> Pair:
    from pytorch_msssim import ms_ssim

    return lambda a, b: ms_ssim(a, b, data_range=1.0)


def _torchmetrics() -> Pair:
    from torchmetrics.functional.image import (
        multiscale_structural_similarity_index_measure as measure,
    )

    return lambda a, b: measure(a, b, data_range=1.0)


def _rows(image: Tensor) -> Any:
    return image[0].permute(1, 2, 0).contiguous().numpy()


def _ssim() -> Pair:
    from skimage.metrics import structural_similarity

    return lambda a, b: structural_similarity(_rows(a), _rows(b), channel_axis=2, data_range=1.0)


def _flip() -> Pair:
    from flip_evaluator import evaluate

    return lambda a, b: evaluate(_rows(a), _rows(b), "LDR", applyMagma=False)


def pair_of(height: int, width: int) -> tuple[Tensor, Tensor]:
    """A smooth random image and the same with noise, as (1, 3, H, W) tensors."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 12, 16, generator=generator)
    image = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    noise = 0.1 * torch.randn(image.shape, generator=generator)
    return image, (image + noise).clamp(0, 1)
