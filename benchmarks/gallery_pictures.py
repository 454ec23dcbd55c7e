"""Pictures of docs/gallery.md and docs/method.md, from the example photographs.

    python -m benchmarks.gallery_pictures docs/images
    python -m benchmarks.gallery_pictures docs/images --only levels

levels: what each level of the pyramid sees of four distortions. codecs: one photograph in as many
bytes by three encoders. region: one place distorted in a compressed photograph, and who finds it.
places: what the metric does not see.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

import msds
from benchmarks.picture import CROP, DECIBELS, DISTORTIONS, PHOTO, at_psnr
from msds.report.colours import table

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import ListedColormap

COFFEE = PHOTO.with_name("coffee.png")
BYTES = 9000
"""Of each file of `codecs`."""

CODECS: dict[str, dict[str, Any]] = {
    "JPEG": {"format": "JPEG"},
    "WebP": {"format": "WEBP", "method": 6},
    "AVIF": {"format": "AVIF", "speed": 6},
}
MAP = ListedColormap(table() / 255)
Array = npt.NDArray[Any]


def levels() -> Any:
    """Left halves: the image as a level has it; right halves: where it finds it distorted."""
    photo = Image.open(PHOTO).convert("RGB").crop(CROP)
    figure, axes = plt.subplots(len(DISTORTIONS), 5, figsize=(12, 8.4), layout="constrained")
    for i, (row, (name, distort)) in enumerate(zip(axes, DISTORTIONS.items(), strict=True)):
        distorted = at_psnr(photo, distort, DECIBELS)
        found = msds.map_pair(photo, distorted)
        bare(row[0], distorted, f"{name}  {found.score:.3f}")
        for k, level in enumerate(found.levels):
            size = (photo.width >> k, photo.height >> k)
            small = distorted.resize(size, Image.Resampling.BOX).resize(
                photo.size, Image.Resampling.NEAREST
            )
            middle = photo.width // 2
            panel = np.asarray(small).copy()
            seen = MAP(np.clip(found.level(k).numpy(), 0, 1))[..., :3]
            panel[:, middle:] = (255 * seen[:, middle:]).round()
            panel[:, middle - 1 : middle + 1] = 255
            title = "" if i else f"level {k + 1}, {size[0]} × {size[1]}: "
            bare(row[k + 1], panel, f"{title}{level.score:.3f}")
    figure.colorbar(
        plt.cm.ScalarMappable(cmap=MAP), ax=axes, shrink=0.5, pad=0.01, aspect=30,
        label="1 - DeepSSIM, here",
    )  # fmt: skip
    return figure


def codecs() -> Any:
    """The same photograph in as many bytes by three encoders."""
    photo = Image.open(COFFEE).convert("RGB")
    box = (190, 110, 420, 290)
    figure, axes = plt.subplots(1, 4, figsize=(12, 3), layout="constrained")
    bare(axes[0], photo.crop(box), "original")
    for axis, (name, options) in zip(axes[1:], CODECS.items(), strict=True):
        data = in_bytes(photo, options, BYTES)
        image = Image.open(io.BytesIO(data)).convert("RGB")
        score = msds.score(photo, image).score
        bare(axis, image.crop(box), f"{name}, {len(data) / 1000:.1f} kB: {score:.3f}")
    return figure


def in_bytes(photo: Image.Image, options: dict[str, Any], most: int) -> bytes:
    """The file of the highest quality that has at most so many bytes."""
    best = b""
    for quality in range(1, 96):
        buffer = io.BytesIO()
        photo.save(buffer, quality=quality, **options)
        data = buffer.getvalue()
        if len(best) < len(data) <= most:
            best = data
    return best


def region() -> Any:
    """A blurred ellipse in a photograph that was saved as JPEG as well."""
    photo = Image.open(COFFEE).convert("RGB")
    y, x = np.mgrid[0 : photo.height, 0 : photo.width]
    inside = ((x - 430) / 90) ** 2 + ((y - 130) / 60) ** 2 < 1
    mask = Image.fromarray(255 * inside.astype(np.uint8))
    blurred = Image.composite(photo.filter(ImageFilter.GaussianBlur(3)), photo, mask)
    buffer = io.BytesIO()
    blurred.save(buffer, "JPEG", quality=75)
    distorted = Image.open(buffer).convert("RGB")
    difference = np.abs(np.asarray(photo, float) - np.asarray(distorted, float)).mean(-1)
    figure, axes = plt.subplots(1, 4, figsize=(12, 2.6), layout="constrained")
    bare(axes[0], photo, "original")
    bare(axes[1], distorted, "blurred in one place, then JPEG 75")
    bare(axes[2], MAP(difference / np.percentile(difference, 99.5)), "difference of pixels")
    local = msds.map_pair(photo, distorted).fused.numpy()
    bare(axes[3], MAP(local / local.max()), "msds map")
    for axis in axes[1:]:
        axis.contour(inside, [0.5], colors="white", linewidths=0.8)
    return figure


def places() -> Any:
    """What is elsewhere is not missed by the score; a map in place shows it."""
    photo = Image.open(PHOTO).convert("RGB").crop(CROP)
    half = photo.copy()
    left = photo.crop((0, 0, photo.width // 2, photo.height))
    half.paste(ImageOps.mirror(left), (0, 0))
    changed = {
        "mirrored": ImageOps.mirror(photo),
        "left half mirrored": half,
        "turned by 180°": photo.rotate(180),
    }
    figure, axes = plt.subplots(2, 4, figsize=(12, 5), layout="constrained")
    bare(axes[0, 0], photo, "original")
    axes[1, 0].axis("off")
    text = "Below: the local map.\nThe score compares what occurs\nin the whole image, not where."
    axes[1, 0].text(0, 0.5, text, va="center", fontsize=10)
    for (top, bottom), (name, image) in zip(axes.T[1:], changed.items(), strict=True):
        found = msds.map_pair(photo, image)
        bare(top, image, f"{name}: {found.score:.3f}")
        bare(bottom, MAP(np.clip(found.fused.numpy(), 0, 1)), "")
    return figure


def bare(axis: Any, image: Image.Image | Array, title: str) -> None:
    """An image with a title and no axes."""
    axis.imshow(image, interpolation="antialiased")
    axis.axis("off")
    if title:
        axis.set_title(title, fontsize=10)


PICTURES: dict[str, Callable[[], Any]] = {
    "levels": levels,
    "codecs": codecs,
    "region": region,
    "places": places,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=list(PICTURES), help="one of them")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update({"font.family": "DejaVu Sans", "text.color": "#15191c"})
    for name in [options.only] if options.only else PICTURES:
        buffer = io.BytesIO()
        figure = PICTURES[name]()
        figure.savefig(buffer, dpi=110, format="png")
        plt.close(figure)
        file = options.folder / f"{name}.webp"
        Image.open(buffer).convert("RGB").save(file, quality=82, method=6)
        print(f"wrote {file}")


if __name__ == "__main__":
    main()
