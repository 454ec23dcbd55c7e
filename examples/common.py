"""What the examples share: photographs as tensors, tables on the screen, pictures on disk."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

import msds
from msds.trunks import ChainTrunk

if find_spec("pytorch_msssim") is None:
    sys.exit("This example compares with pytorch-msssim: run `pip install pytorch-msssim`.")

PHOTOS = Path(__file__).resolve().parent / "photos"
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def photo_files(folder: Path) -> list[Path]:
    """Photographs in a folder, by name."""
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES)
    if not files:
        raise msds.InputError(f"{folder} has no photographs: expected {', '.join(SUFFIXES)} files.")
    return files


def load(path: Path) -> Tensor:
    """A photograph as a (1, 3, H, W) tensor in [0, 1]."""
    return msds.load_image(path).pixels[None]


def centre(image: Tensor, side: int) -> Tensor:
    """The square in the middle of an image, `side` pixels wide or as wide as the image allows."""
    side = min(side, *image.shape[-2:])
    top, left = ((n - side) // 2 for n in image.shape[-2:])
    return image[..., top : top + side, left : left + side]


def psnr(a: Tensor, b: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of images in [0, 1]."""
    return float(-10 * torch.log10(F.mse_loss(a, b).clamp_min(1e-10)))


class FeatureDistance(nn.Module):
    """LPIPS without its learned weights: squared distance of unit-length features, every layer.

    Parameters
    ----------
    trunk : the network whose convolutions are compared.
    """

    def __init__(self, trunk: ChainTrunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        pairs = zip(self.features(a), self.features(b), strict=True)
        return torch.stack([(x - y).square().sum(1).mean() for x, y in pairs]).mean()

    def features(self, images: Tensor) -> list[Tensor]:
        """Unit-length responses of every convolution at every position."""
        found: list[Tensor] = []
        handles = [
            layer.register_forward_hook(lambda _m, _i, out: found.append(F.normalize(out.relu())))
            for layer in self.trunk.convolutions.values()
        ]
        self.trunk(images)
        for handle in handles:
            handle.remove()
        return found


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str | float]]) -> None:
    """Print a table; numbers with three decimals."""
    table = Table(title=title)
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i else "left")
    for row in rows:
        table.add_row(*(v if isinstance(v, str) else f"{v:.3f}" for v in row))
    Console().print(table)


def save_sheet(path: Path | None, rows: Sequence[Sequence[tuple[str, Tensor]]]) -> None:
    """Save rows of labelled (1, 3, H, W) images as one picture, if a file for it is named."""
    if path is None:
        print("picture: --out FILE saves one")
        return
    label, gap = 16, 4
    width = max(image.shape[-1] for row in rows for _, image in row) + gap
    height = max(image.shape[-2] for row in rows for _, image in row) + gap + label
    sheet = Image.new("RGB", (width * max(map(len, rows)), height * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, row in enumerate(rows):
        for j, (text, image) in enumerate(row):
            draw.text((j * width + 2, i * height + 2), text, fill="black")
            sheet.paste(to_pillow(image), (j * width, i * height + label))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    print(f"picture: {path}")


def to_pillow(image: Tensor) -> Image.Image:
    """An image in [0, 1] as 8 bits."""
    samples = (image[0].detach().clamp(0, 1) * 255).round().byte()
    return Image.fromarray(samples.permute(1, 2, 0).numpy())
