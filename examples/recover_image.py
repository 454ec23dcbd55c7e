"""Which loss brings a photograph back? Gradient descent on the pixels, from noise and from blur.

    python examples/recover_image.py
    python examples/recover_image.py --steps 1000 --size 256 --out recovered.png

Every loss starts from the same picture and takes the same number of steps with the same optimiser.
What it recovers is what it sees; what it leaves wrong is what it is blind to.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from common import PHOTOS, FeatureDistance, centre, load, print_table, psnr, save_sheet
from pytorch_msssim import MS_SSIM, SSIM
from torch import Tensor

import msds
from msds.trunks import load_trunk

Loss = Callable[[Tensor, Tensor], Tensor]


def losses(trunk_name: str, weights: str | None) -> dict[str, Loss]:
    """The losses to compare, by name: 0 for identical images."""
    trunk = load_trunk(trunk_name, weights)
    ssim, ms_ssim = SSIM(data_range=1.0), MS_SSIM(data_range=1.0, win_size=7)
    multiscale = msds.MSDSLoss(trunk)
    return {
        "L1": F.l1_loss,
        "SSIM": lambda x, y: 1 - ssim(x, y),
        "MS-SSIM": lambda x, y: 1 - ms_ssim(x, y),
        "LPIPS-like": FeatureDistance(trunk),
        "DeepSSIM": msds.DeepSSIMLoss(trunk),
        "DeepSSIM-Lite": msds.DeepSSIMLiteLoss(trunk),
        "MSDS": multiscale,
        "L1 + 0.1 MSDS": lambda x, y: F.l1_loss(x, y) + 0.1 * multiscale(x, y),
    }


def starts(target: Tensor) -> dict[str, Tensor]:
    """Where the descent starts: grey noise, and the target blurred."""
    noise = torch.rand(target.shape, generator=torch.Generator().manual_seed(0))
    small = F.avg_pool2d(target, 8, ceil_mode=True, count_include_pad=False)
    blur = F.interpolate(small, target.shape[-2:], mode="bicubic").clamp(0, 1)
    return {"noise": 0.5 + 0.3 * (noise - 0.5), "blur": blur}


def recover(loss: Loss, target: Tensor, start: Tensor, steps: int) -> tuple[Tensor, float]:
    """The picture after `steps` steps, and the seconds of one step."""
    image = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([image], lr=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    begin = time.perf_counter()
    for _ in range(steps):
        optimiser.zero_grad()
        loss(image, target).backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            image.clamp_(0, 1)
    return image.detach(), (time.perf_counter() - begin) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, default=PHOTOS / "chelsea.png")
    parser.add_argument("--size", type=int, default=192, help="side of the crop, at least 128")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--trunk", default="compact")
    parser.add_argument("--trunk-weights", help="a file, or 'random'")
    parser.add_argument("--only", nargs="+", help="names of losses")
    parser.add_argument("--out", type=Path, help="picture to save")
    options = parser.parse_args()

    target = centre(load(options.photo), options.size)
    judge = msds.MSDS(load_trunk(options.trunk, options.trunk_weights), small="fewer-levels")
    ssim, ms_ssim = SSIM(data_range=1.0), MS_SSIM(data_range=1.0, win_size=7)
    sheet = []
    for name, start in starts(target).items():
        results = {"start": (start, 0.0)}
        for title, loss in losses(options.trunk, options.trunk_weights).items():
            if not options.only or title in options.only:
                results[title] = recover(loss, target, start, options.steps)
        rows: list[list[str | float]] = []
        for title, (image, seconds) in results.items():
            scores = [psnr(image, target), ssim(image, target), ms_ssim(image, target)]
            rows.append([title, *map(float, [*scores, judge(target, image)]), seconds])
        header = ("descent on", "PSNR", "SSIM", "MS-SSIM", "MSDS", "s per step")
        print_table(f"From {name}, {options.steps} steps", header, rows)
        sheet.append([("photograph", target), *((t, image) for t, (image, _) in results.items())])
    save_sheet(options.out, sheet)


if __name__ == "__main__":
    main()
