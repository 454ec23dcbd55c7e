"""Distort photographs in the ways that image metrics are usually tested with.

    python examples/make_distorted.py                      # the files that `make demo` scores
    python examples/make_distorted.py --all --out /tmp/d    # every distortion of every photograph

Each result is called PHOTO_DISTORTION, such as ``chelsea_jpeg10.jpg``. The same photographs give
the same files, as far as the installed JPEG and WebP encoders do.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

HERE = Path(__file__).resolve().parent
PHOTOS = HERE / "photos"
SUFFIXES = (".png", ".jpg", ".webp")


def blur(sigma: float) -> Callable[[Image.Image], Image.Image]:
    """Gaussian blur with a standard deviation of `sigma` pixels."""
    return lambda photo: photo.filter(ImageFilter.GaussianBlur(sigma))


def noise(deviation: float) -> Callable[[Image.Image], Image.Image]:
    """White Gaussian noise with a standard deviation of `deviation` 8-bit steps."""

    def apply(photo: Image.Image) -> Image.Image:
        samples = np.asarray(photo, np.float64)
        noisy = samples + np.random.default_rng(0).normal(0, deviation, samples.shape)
        return Image.fromarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))

    return apply


def rescale(factor: int) -> Callable[[Image.Image], Image.Image]:
    """Bicubic down by `factor` and up again: the detail is gone, the size is not."""

    def apply(photo: Image.Image) -> Image.Image:
        small = (max(1, photo.width // factor), max(1, photo.height // factor))
        down = photo.resize(small, Image.Resampling.BICUBIC)
        return down.resize(photo.size, Image.Resampling.BICUBIC)

    return apply


def contrast(factor: float) -> Callable[[Image.Image], Image.Image]:
    """Contrast times `factor`, about the mean grey."""
    return lambda photo: ImageEnhance.Contrast(photo).enhance(factor)


def saturation(factor: float) -> Callable[[Image.Image], Image.Image]:
    """Colour saturation times `factor`; 0 is grey."""
    return lambda photo: ImageEnhance.Color(photo).enhance(factor)


def shift(pixels: int) -> Callable[[Image.Image], Image.Image]:
    """Everything `pixels` to the right, the edge repeated: barely visible, fatal for PSNR."""

    def apply(photo: Image.Image) -> Image.Image:
        samples = np.asarray(photo)
        padded = np.pad(samples, ((0, 0), (pixels, 0), (0, 0)), mode="edge")
        return Image.fromarray(padded[:, : samples.shape[1]])

    return apply


def unchanged(photo: Image.Image) -> Image.Image:
    """The photograph itself, for distortions that are the file format's."""
    return photo


# Name: what is done to the pixels, suffix of the file, options of its encoder.
LOSSLESS: dict[str, Any] = {"lossless": True, "quality": 20, "method": 1}
DISTORTIONS: dict[str, tuple[Callable[[Image.Image], Image.Image], str, dict[str, Any]]] = {
    **{f"jpeg{q}": (unchanged, ".jpg", {"quality": q}) for q in (5, 10, 30, 60, 90)},
    **{f"webp{q}": (unchanged, ".webp", {"quality": q}) for q in (10, 50)},
    **{f"blur{s}": (blur(s), ".webp", LOSSLESS) for s in (1, 2, 4)},
    **{f"noise{d}": (noise(d), ".webp", LOSSLESS) for d in (5, 10, 20)},
    **{f"rescale{f}": (rescale(f), ".webp", LOSSLESS) for f in (2, 4)},
    **{f"contrast{round(100 * f)}": (contrast(f), ".webp", LOSSLESS) for f in (0.5, 0.8)},
    "grey": (saturation(0), ".webp", LOSSLESS),
    "shift2": (shift(2), ".webp", LOSSLESS),
}
# What is kept in the repository, small enough to be cloned by everyone.
DEMO = {
    "chelsea": ("jpeg90", "jpeg30", "jpeg10", "blur2", "rescale4", "noise20", "contrast80"),
    "coffee": ("jpeg30", "blur4"),
    "rocket": ("webp10", "rescale4"),
}


def main() -> None:
    """Write the distorted files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="folder of photographs")
    parser.add_argument("--out", type=Path, default=PHOTOS / "distorted", help="folder to write to")
    parser.add_argument("--all", action="store_true", help="every distortion of every photograph")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for path in sorted(arguments.photos.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        photo = Image.open(path).convert("RGB")
        # Pillow passes a colour profile on when it saves; a distorted copy means the same colours.
        profile = photo.info.get("icc_profile")
        for name in DISTORTIONS if arguments.all else DEMO.get(path.stem, ()):
            distort, suffix, options = DISTORTIONS[name]
            target = arguments.out / f"{path.stem}_{name}{suffix}"
            distort(photo).save(target, icc_profile=profile, **options)
            print(target)


if __name__ == "__main__":
    main()
