"""Train a small super-resolution and a small denoising network with three losses, and compare.

    python examples/train_restoration.py --photos FOLDER
    python examples/train_restoration.py --task denoise --steps 1000 --photos FOLDER

The networks start from the same weights and see the same patches in the same order; only the loss
differs. The last photographs of the folder are held out and judged whole. MSDS and DeepSSIM judge
with the network that two of the losses train with, which favours these; the others do not.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from common import PHOTOS, centre, load, photo_files, print_table, psnr, save_sheet
from pytorch_msssim import ms_ssim, ssim
from torch import Tensor, nn

import msds
from msds.trunks import Trunk, load_trunk

Loss = Callable[[Tensor, Tensor], Tensor]
SCALE = 4
NOISE = 0.1


class Network(nn.Module):
    """Six convolutions that correct a first guess; at the small size if that is what comes in.

    Parameters
    ----------
    scale : how much larger the output is than the input.
    """

    def __init__(self, scale: int, channels: int = 32) -> None:
        super().__init__()
        widths = [3, *[channels] * 5]
        self.body = nn.Sequential(
            *(
                layer
                for a, b in itertools.pairwise(widths)
                for layer in (nn.Conv2d(a, b, 3, padding=1), nn.LeakyReLU(0.2))
            )
        )
        for layer in self.body:
            if isinstance(layer, nn.Conv2d):  # the usual start lets the signal fade
                nn.init.kaiming_normal_(layer.weight, 0.2)
        self.last = nn.Conv2d(channels, 3 * scale**2, 3, padding=1)
        nn.init.zeros_(self.last.weight)  # so that training starts from the guess alone
        nn.init.zeros_(self.last.bias)
        self.scale = scale

    def forward(self, images: Tensor) -> Tensor:
        guess = F.interpolate(images, scale_factor=self.scale, mode="bicubic")
        correction: Tensor = F.pixel_shuffle(self.last(self.body(images)), self.scale)
        return guess + correction


def spoil(task: str, image: Tensor, generator: torch.Generator) -> Tensor:
    """What the network is given: the image at a quarter of its size, or noisy."""
    if task == "super-resolution":
        height, width = (n // SCALE for n in image.shape[-2:])
        return F.interpolate(image, (height, width), mode="bicubic", antialias=True).clamp(0, 1)
    return (image + NOISE * torch.randn(image.shape, generator=generator)).clamp(0, 1)


def patches(photos: list[Tensor], side: int, batch: int, steps: int) -> Iterator[Tensor]:
    """Random crops, mirrored half of the time; the same ones on every call."""
    generator = torch.Generator().manual_seed(0)

    def draw(limit: int) -> int:
        return int(torch.randint(limit, (), generator=generator))

    for _ in range(steps):
        crops = []
        for _ in range(batch):
            photo = photos[draw(len(photos))]
            top, left = (draw(n - side + 1) for n in photo.shape[-2:])
            crop = photo[..., top : top + side, left : left + side]
            crops.append(crop.flip(-1) if draw(2) else crop)
        yield torch.cat(crops)


def train(task: str, loss: Loss, photos: list[Tensor], side: int, steps: int) -> Network:
    """A network trained with one loss."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    network = Network(SCALE if task == "super-resolution" else 1)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for target in patches(photos, side, 4, steps):
        optimiser.zero_grad()
        loss(network(spoil(task, target, generator)), target).backward()
        optimiser.step()
        schedule.step()
    return network.eval()


@torch.inference_mode()
def judge(restored: list[Tensor], held_out: list[Tensor], trunk: Trunk) -> list[float]:
    """Mean scores of restored photographs: PSNR, SSIM, MS-SSIM, DeepSSIM, MSDS."""
    metrics: list[Callable[[Tensor, Tensor], float | Tensor]] = [
        psnr,
        lambda a, b: ssim(a, b, data_range=1.0),
        lambda a, b: ms_ssim(a, b, data_range=1.0, win_size=7),
        msds.DeepSSIM(trunk),
        msds.MSDS(trunk),
    ]
    pairs = list(zip(held_out, restored, strict=True))
    return [sum(float(metric(a, b)) for a, b in pairs) / len(pairs) for metric in metrics]


def losses(trunk: Trunk, weight: float) -> dict[str, Loss]:
    """L1 alone, and with either loss added."""
    lite, multiscale = msds.DeepSSIMLiteLoss(trunk), msds.MSDSLoss(trunk, levels=3)
    return {
        "L1": F.l1_loss,
        "L1 + DeepSSIM-Lite": lambda x, y: F.l1_loss(x, y) + weight * lite(x, y),
        "L1 + MSDS": lambda x, y: F.l1_loss(x, y) + weight * multiscale(x, y),
    }


def whole(photo: Tensor, limit: int = 512) -> Tensor:
    """A photograph cut to sides that SCALE divides, at most `limit` pixels."""
    height, width = (min(n, limit) // SCALE * SCALE for n in photo.shape[-2:])
    return photo[..., :height, :width]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=("super-resolution", "denoise", "both"), default="both")
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="two photographs at least")
    parser.add_argument("--held-out", type=int, help="how many to judge on; default a fifth")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--side", type=int, default=96, help="of the patches, at least 64")
    parser.add_argument("--weight", type=float, default=0.1, help="of the loss beside L1")
    parser.add_argument("--trunk", default="compact")
    parser.add_argument("--trunk-weights", help="a file, or 'random'")
    parser.add_argument("--out", type=Path, help="picture to save")
    options = parser.parse_args()

    photos = [whole(load(file)) for file in photo_files(options.photos)]
    count = options.held_out or max(1, len(photos) // 5)
    training, held_out = photos[:-count], photos[-count:]
    trunk = load_trunk(options.trunk, options.trunk_weights)
    sheet = []
    for task in ("super-resolution", "denoise"):
        if options.task not in (task, "both"):
            continue
        generator = torch.Generator().manual_seed(2)
        inputs = [spoil(task, photo, generator) for photo in held_out]
        untrained = Network(SCALE if task == "super-resolution" else 1)
        with torch.inference_mode():
            guesses = [untrained(x).clamp(0, 1) for x in inputs]
        results = {"nothing": (guesses, 0.0)}
        for name, loss in losses(trunk, options.weight).items():
            begin = time.perf_counter()
            network = train(task, loss, training, options.side, options.steps)
            seconds = time.perf_counter() - begin
            with torch.inference_mode():
                results[name] = [network(x).clamp(0, 1) for x in inputs], seconds
        header = ("trained with", "PSNR", "SSIM", "MS-SSIM", "DeepSSIM", "MSDS", "s")
        rows: list[list[str | float]] = [
            [name, *judge(restored, held_out, trunk), seconds]
            for name, (restored, seconds) in results.items()
        ]
        title = f"{task}: {len(training)} photographs, {count} held out, {options.steps} steps"
        print_table(title, header, rows)
        row = [("photograph", centre(held_out[0], 192))]
        row += [(name, centre(restored[0], 192)) for name, (restored, _) in results.items()]
        sheet.append(row)
    save_sheet(options.out, sheet)


if __name__ == "__main__":
    main()
