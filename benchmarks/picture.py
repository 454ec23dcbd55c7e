"""The picture of the README: distortions of equal PSNR, and what MSDS says of each.

python -m benchmarks.picture --out docs/images/equal-psnr.png
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageFilter

import msds
from msds.trunks.weights.published import candidates, published_weights

mpl.use("Agg")
import matplotlib.pyplot as plt

PHOTO = Path(__file__).resolve().parents[1] / "examples" / "photos" / "chelsea.png"
DECIBELS = 27.0
CROP = (60, 10, 380, 266)
PAPER = "msds-vgg16"
"""Its scores stand below, where its weights are at hand."""

SMALL: dict[str, Any] = {"fontsize": 8, "color": "#666666"}
INK, BAR, TRACK = "#222222", "#0072b2", "#e3e6ea"

Distortion = Callable[[Image.Image, float], Image.Image]


def contrast(photo: Image.Image, strength: float) -> Image.Image:
    """Contrast about the mean, less by `strength`."""
    samples = np.asarray(photo, float)
    return Image.fromarray(
        (samples.mean() + (samples - samples.mean()) * (1 - strength)).astype(np.uint8)
    )


def noise(photo: Image.Image, strength: float) -> Image.Image:
    """White Gaussian noise of `strength` times 60 grey levels."""
    samples = np.asarray(photo, float)
    samples = samples + np.random.default_rng(0).normal(0, 60 * strength, samples.shape)
    return Image.fromarray(samples.round().clip(0, 255).astype(np.uint8))


def blur(photo: Image.Image, strength: float) -> Image.Image:
    """Gaussian blur of `strength` times 12 pixels."""
    return photo.filter(ImageFilter.GaussianBlur(12 * strength))


def jpeg(photo: Image.Image, strength: float) -> Image.Image:
    """JPEG at a quality of 95 down to 1."""
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=round(95 - 94 * strength))
    return Image.open(buffer).convert("RGB")


DISTORTIONS: dict[str, Distortion] = {
    "less contrast": contrast,
    "noise": noise,
    "JPEG": jpeg,
    "blur": blur,
}


def psnr(a: Image.Image, b: Image.Image) -> float:
    """Peak signal-to-noise ratio of two 8-bit images in dB."""
    error = np.mean((np.asarray(a, float) - np.asarray(b, float)) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def at_psnr(photo: Image.Image, distort: Distortion, decibels: float) -> Image.Image:
    """The distortion whose strength, found by bisection, gives this PSNR."""
    low, high = 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if psnr(photo, distort(photo, middle)) > decibels else (low, middle)
        )
    return distort(photo, high)


def draw(out: Path) -> None:
    """Draw the picture."""
    photo = Image.open(PHOTO).convert("RGB").crop(CROP)
    panels = [("reference", photo, None)]
    papers = {}
    for name, distort in DISTORTIONS.items():
        distorted = at_psnr(photo, distort, DECIBELS)
        panels.append((name, distorted, msds.score(photo, distorted)))
        if candidates(published_weights("vgg16")):
            papers[name] = msds.score(photo, distorted, model=PAPER).score
    panels[1:] = sorted(panels[1:], key=lambda panel: -panel[2].score if panel[2] else 0)
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10, "text.color": INK})
    figure, axes = plt.subplots(
        2, len(panels), figsize=(14, 3.7), height_ratios=(3, 1.2), layout="constrained"
    )
    for (name, picture, score), (top, bottom) in zip(panels, axes.T, strict=True):
        top.imshow(picture)
        top.axis("off")
        bottom.set(xlim=(0, 1), ylim=(4.6, 0.4))
        for side in bottom.spines.values():
            side.set_visible(False)
        if score is None:
            top.set_title("reference", fontweight="bold")
            bottom.axis("off")
            bottom.text(0, 2.5, f"All four have the same\nPSNR, {DECIBELS:.0f} dB.", va="center")
            bottom.text(0, 4.4, f"bars and numbers:\n{score_line(panels)}", va="center", **SMALL)
            continue
        top.set_title(f"{name}   {score.score:.3f}", fontweight="bold")
        if name in papers:
            bottom.text(1, 5.3, f"{PAPER}: {papers[name]:.3f}", ha="right", **SMALL)
        ranks = range(1, len(score.levels) + 1)
        bottom.barh(ranks, [1] * len(score.levels), color=TRACK, height=0.7)
        bottom.barh(ranks, [max(0.0, value) for value in score.levels], color=BAR, height=0.7)
        for rank, value in zip(ranks, score.levels, strict=True):
            bottom.text(0.015, rank, f"{value:.3f}", va="center", fontsize=8, color="white")
        bottom.set_yticks(list(ranks), [f"level {rank}" for rank in ranks], fontsize=8)
        bottom.tick_params(length=0)
        bottom.set_xticks([])
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)
    print(f"wrote {out}")


def score_line(panels: list[tuple[str, Image.Image, msds.Score | None]]) -> str:
    """The model that made the scores."""
    return next(score.model for _, _, score in panels if score)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images/equal-psnr.png"))
    draw(parser.parse_args().out)


if __name__ == "__main__":
    main()
