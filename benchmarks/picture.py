"""The picture of the README: distortions of equal PSNR, and what MSDS says of each.

python -m benchmarks.picture --out docs/images/equal-psnr.png

It is drawn twice, the second time for narrow pages, as `equal-psnr-narrow.png`.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageFilter

import msds
from msds.trunks.weights.published import candidates, published_weights

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PHOTO = Path(__file__).resolve().parents[1] / "examples" / "photos" / "chelsea.png"
DECIBELS = 27.0
CROP = (60, 10, 380, 266)
PAPER = "msds-vgg16"
"""Its scores stand below, where its weights are at hand."""

SMALL: dict[str, Any] = {"fontsize": 8, "color": "#666666"}
INK, BAR, TRACK = "#222222", "#0072b2", "#e3e6ea"
WIDE, NARROW = 110, 150
"""Dots of an inch: phones have two or three for each pixel of a page."""

Distortion = Callable[[Image.Image, float], Image.Image]


@dataclass(frozen=True)
class Panel:
    """A picture with its score, and that of the paper's model where its weights are at hand."""

    name: str
    picture: Image.Image
    score: msds.Score | None = None
    paper: float | None = None


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


def panels() -> list[Panel]:
    """The reference, then its distortions, the best first."""
    photo = Image.open(PHOTO).convert("RGB").crop(CROP)
    has_paper = bool(candidates(published_weights("vgg16")))
    found = []
    for name, distort in DISTORTIONS.items():
        distorted = at_psnr(photo, distort, DECIBELS)
        paper = msds.score(photo, distorted, model=PAPER).score if has_paper else None
        found.append(Panel(name, distorted, msds.score(photo, distorted), paper))
    found.sort(key=lambda panel: -(panel.score.score or 0) if panel.score else 0)
    return [Panel("reference", photo), *found]


def draw(shown: list[Panel], out: Path) -> None:
    """All in a row, for pages that are wide."""
    figure, axes = plt.subplots(
        2, len(shown), figsize=(14, 3.7), height_ratios=(3, 1.2), layout="constrained"
    )
    for panel, (top, bottom) in zip(shown, axes.T, strict=True):
        draw_panel(panel, top, bottom)
    say(axes[1, 0], shown)
    save(figure, out, WIDE)


def draw_narrow(shown: list[Panel], out: Path) -> None:
    """Two in a row, with letters that can be read on a phone."""
    places = [["r", "words"], ["a", "b"], ["al", "bl"], ["c", "d"], ["cl", "dl"]]
    figure, axes = plt.subplot_mosaic(
        places, figsize=(4.9, 8.1), height_ratios=(3, 3, 1.3, 3, 1.3), layout="constrained"
    )
    draw_panel(shown[0], axes["r"], axes["words"])
    say(axes["words"], shown)
    for panel, key in zip(shown[1:], "abcd", strict=True):
        draw_panel(panel, axes[key], axes[f"{key}l"])
    save(figure, out, NARROW)


def draw_panel(panel: Panel, top: Axes, bottom: Axes) -> None:
    """A picture, and a bar for each of its levels."""
    top.imshow(panel.picture)
    top.axis("off")
    bottom.set(xlim=(0, 1), ylim=(4.6, 0.4))
    for side in bottom.spines.values():
        side.set_visible(False)
    if panel.score is None:
        top.set_title(panel.name, fontweight="bold")
        bottom.axis("off")
        return
    top.set_title(f"{panel.name}   {panel.score.score:.3f}", fontweight="bold")
    if panel.paper is not None:
        bottom.text(1, 5.3, f"{PAPER}: {panel.paper:.3f}", ha="right", **SMALL)
    ranks = range(1, len(panel.score.levels) + 1)
    bottom.barh(ranks, [1] * len(panel.score.levels), color=TRACK, height=0.7)
    bottom.barh(ranks, [max(0.0, value) for value in panel.score.levels], color=BAR, height=0.7)
    for rank, value in zip(ranks, panel.score.levels, strict=True):
        bottom.text(0.015, rank, f"{value:.3f}", va="center", fontsize=8, color="white")
    bottom.set_yticks(list(ranks), [f"level {rank}" for rank in ranks], fontsize=8)
    bottom.tick_params(length=0)
    bottom.set_xticks([])


def say(place: Axes, shown: list[Panel]) -> None:
    """What is seen, and which model made the scores."""
    model = next(panel.score.model for panel in shown if panel.score)
    place.text(0, 2.5, f"All four have the same\nPSNR, {DECIBELS:.0f} dB.", va="center")
    place.text(0, 4.4, f"bars and numbers:\n{model}", va="center", **SMALL)


def save(figure: Figure, out: Path, density: int) -> None:
    """Write a figure."""
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=density)
    print(f"wrote {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images/equal-psnr.png"))
    out = parser.parse_args().out
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10, "text.color": INK})
    shown = panels()
    draw(shown, out)
    draw_narrow(shown, out.with_stem(f"{out.stem}-narrow"))


if __name__ == "__main__":
    main()
