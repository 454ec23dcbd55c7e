"""Photographs: found in a folder, split by the hash of the file, cut into square crops."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from .distortions.common import Array

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
SPLITS = ("train", "validation", "test")


def split_of(path: Path) -> str:
    """The split of a file, from the hash of its bytes: 1/12 validation, 1/12 test."""
    bucket = hashlib.sha256(path.read_bytes()).digest()[0] % 12
    return {0: "test", 1: "validation"}.get(bucket, "train")


def find(folder: Path, split: str) -> list[Path]:
    """All photographs of one split below `folder`, in a fixed order."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    return [path for path in files if split_of(path) == split]


def weights(files: list[Path]) -> Array:
    """Chance of each photograph: in proportion to its area, at most four times the least."""
    areas = []
    for path in files:
        with Image.open(path) as image:
            areas.append(min(image.width * image.height, 512 * 512))
    clipped = np.clip(np.array(areas, dtype=np.float64), 65536, 262144)
    return (clipped / clipped.sum()).astype(np.float32)


def crop(path: Path, side: int, rng: np.random.Generator, shrink: float = 0.5) -> Array:
    """A random square crop, flipped at random; with chance `shrink` the photograph is reduced.

    A photograph smaller than `side` is enlarged to it.
    """
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    short = min(image.size)
    scale = 1.0
    if short < side:
        scale = side / short
    elif rng.random() < shrink:
        scale = float(rng.uniform(side / short, 1.0))
    if scale != 1.0:
        size = (max(side, round(image.width * scale)), max(side, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    x = int(rng.integers(image.width - side + 1))
    y = int(rng.integers(image.height - side + 1))
    out = np.asarray(image.crop((x, y, x + side, y + side)), dtype=np.float32) / np.float32(255)
    return np.ascontiguousarray(out[:, ::-1]) if rng.random() < 0.5 else out
