"""Do maps find what was done to a region? Against SSIM's map, FLIP's, and a difference of pixels.

    python -m benchmarks.maps --data DIR --keep FOLDER [--model msds-vgg16 --engine winograd]

In photographs that no trunk was trained on, a region of known shape and place is distorted: ten
kinds, three strengths. What lies around it is the same as in the reference, or saved as JPEG of
quality 90, or has the noise of a sensor. Each map is judged by the area under its ROC over all
pixels: the chance that it is higher at a pixel of the region than at one outside. Prints Markdown
tables; what was measured is kept, so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import flip_evaluator
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.stats import rankdata
from skimage.metrics import structural_similarity

from benchmarks.kept import measured
from benchmarks.photographs import photographs, to_tensor
from msds import MSDS, load_model
from training import distortions
from training.distortions.codecs import jpeg_quality
from training.distortions.common import Array, from_pil, luma, to_pil

KINDS = (
    "gaussian", "gaussian_blur", "jpeg", "webp", "contrast_down",
    "saturation", "quantise", "pixelate", "elastic", "lost_blocks",
)  # fmt: skip
STRENGTHS = (0.0, 0.5, 1.0)
SHAPES = ("ellipse", "rectangle", "star")
AROUND = ("the same", "JPEG 90", "noise")
SIGMA = 2 / 255
"""Of the noise around a region."""

Mask = npt.NDArray[np.bool_]


@dataclass
class Case:
    """The area under the ROC of every map in one case."""

    around: str
    kind: str
    strength: float
    areas: dict[str, float]


def region(shape: str, height: int, width: int, rng: np.random.Generator) -> Mask:
    """A region of 2 to 12 % of the image, somewhere in it."""
    area, ratio = rng.uniform(0.02, 0.12) * height * width, rng.uniform(0.6, 1.7)
    across, down = np.sqrt(area * ratio), np.sqrt(area / ratio)
    x, y = rng.uniform(0, width - across), rng.uniform(0, height - down)
    image = Image.new("L", (width, height))
    drawing = ImageDraw.Draw(image)
    box = (x, y, x + across, y + down)
    if shape == "rectangle":
        drawing.rectangle(box, fill=1)
    elif shape == "ellipse":
        drawing.ellipse(box, fill=1)
    else:
        angles = np.arange(10) * np.pi / 5
        radius = np.where(np.arange(10) % 2, 0.55, 1.0)
        corners = zip(radius * np.cos(angles), radius * np.sin(angles), strict=True)
        drawing.polygon(
            [(x + across * (1 + a) / 2, y + down * (1 + b) / 2) for a, b in corners], fill=1
        )
    return np.asarray(image) > 0


def surroundings(image: Array, around: str, rng: np.random.Generator) -> Array:
    """What the image is outside of the region."""
    if around == "JPEG 90":
        return from_pil(jpeg_quality(to_pil(image), 90))
    if around == "noise":
        noisy = image + rng.normal(0, SIGMA, image.shape).astype(np.float32)
        return np.round(np.clip(noisy, 0, 1) * 255).astype(np.float32) / np.float32(255)
    return image


def cases(data: Path, most: int, around: str) -> Iterator[tuple[str, float, Mask, Array, Array]]:
    """Kind, strength, region, reference and distorted image."""
    number = 0
    for image in photographs(data)[:most]:
        for kind in KINDS:
            for strength in STRENGTHS:
                rng = np.random.default_rng(number)
                mask = region(SHAPES[number % len(SHAPES)], *image.shape[:2], rng)
                spoilt = distortions.apply(kind, image, strength, rng)
                outside = surroundings(image, around, rng)
                yield kind, strength, mask, image, np.where(mask[..., None], spoilt, outside)
                number += 1


def area_under_roc(mask: Mask, values: npt.ArrayLike) -> float:
    """The chance that the map is higher inside than outside; ties count half (Mann-Whitney)."""
    ranks = rankdata(np.asarray(values, dtype=np.float64).ravel())
    inside = mask.ravel()
    count, others = int(inside.sum()), int((~inside).sum())
    return float((ranks[inside].sum() - count * (count + 1) / 2) / (count * others))


def areas(metric: MSDS, mask: Mask, a: Array, b: Array) -> dict[str, float]:
    """Of every map."""
    pair = to_tensor(a), to_tensor(b)
    found = {}
    for kind in ("local", "attribution"):
        made = metric.map(*pair, kind=kind)
        found[kind] = area_under_roc(mask, made.fused)
        for k in range(len(made.levels) if kind == "local" else 0):
            found[f"{kind}, level {k + 1}"] = area_under_roc(mask, made.level(k))
    found["local, one position"] = area_under_roc(mask, metric.map(*pair, window=1).fused)
    _, ssim = structural_similarity(luma(a)[..., 0], luma(b)[..., 0], data_range=1.0, full=True)
    flip, _, _ = flip_evaluator.evaluate(a, b, "LDR", applyMagma=False, computeMeanError=False)
    found["SSIM"] = area_under_roc(mask, 1 - ssim)
    found["FLIP"] = area_under_roc(mask, flip[..., 0])
    found["difference"] = area_under_roc(mask, np.abs(a - b).mean(2))
    return found


def measure(metric: MSDS, data: Path, keep: Path, most: int, around: str) -> list[Case]:
    """All cases; those measured earlier are read from `keep`."""
    plan = (
        ({"around": around, "kind": kind, "strength": strength}, images)
        for kind, strength, *images in cases(data, most, around)
    )
    found = measured(keep, plan, lambda images: {"areas": areas(metric, *images)})
    return [Case(**case) for case in found]


def table(found: list[Case]) -> None:
    """Median, mean, worst tenth, and how often each map is beaten by the local one."""
    names = list(found[0].areas)
    values = {name: np.array([case.areas[name] for case in found]) for name in names}
    print(f"\n{found[0].around}, {len(found)} cases\n")
    print("| map | median | mean | worst tenth | local is better |\n|---|---:|---:|---:|---:|")
    for name, some in values.items():
        wins = f"{(values['local'] > some).mean():.0%}" if name != "local" else ""
        low = np.quantile(some, 0.1)
        print(f"| {name} | {np.median(some):.3f} | {some.mean():.3f} | {low:.3f} | {wins} |")
    shown = ("local", "attribution", "SSIM", "FLIP", "difference")
    print(f"\n| median of | {' | '.join(shown)} |\n|---|{'---:|' * len(shown)}")
    groups = {kind: [c.kind == kind for c in found] for kind in KINDS}
    groups |= {f"strength {s:g}": [c.strength == s for c in found] for s in STRENGTHS}
    for group, rows in groups.items():
        cells = " | ".join(f"{np.median(values[name][rows]):.3f}" for name in shown)
        print(f"| {group} | {cells} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True, help="folder for what was measured")
    parser.add_argument("--model", default="msds-compact")
    parser.add_argument("--engine", default="torch")
    parser.add_argument("--photographs", type=int, default=10)
    parser.add_argument("--around", action="append", choices=AROUND, help="only this; repeatable")
    arguments = parser.parse_args()
    metric = load_model(arguments.model).set_engine(arguments.engine)
    arguments.keep.mkdir(parents=True, exist_ok=True)
    for around in arguments.around or AROUND:
        keep = arguments.keep / f"{arguments.model}-{around.replace(' ', '-')}.jsonl"
        table(measure(metric, arguments.data, keep, arguments.photographs, around))


if __name__ == "__main__":
    main()
