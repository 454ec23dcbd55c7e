"""Photographs that no trunk of this project was trained on, as arrays of moderate size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training import photos
from training.distortions.common import Array, from_pil

SETS = ("cid22", "clic2025")
MOST_ROWS, MOST_COLUMNS = 512, 768


def photographs(data: Path, split: str = "test") -> list[Array]:
    """(H, W, 3) photographs below `data`/photos, of a split that training left out."""
    found = []
    for name in SETS:
        for path in photos.find(data / "photos" / name, split):
            with Image.open(path) as image:
                found.append(from_pil(image)[:MOST_ROWS, :MOST_COLUMNS])
    return found


def to_tensor(image: Array) -> Tensor:
    """(1, 3, H, W) tensor of an (H, W, 3) array."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
