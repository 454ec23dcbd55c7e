"""When to work in pieces, and how large these are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from msds.errors import InputError
from msds.trunks import Trunk

MIB = 2**20

CPU_BUDGET = 512 * MIB
ACCELERATOR_BUDGET = 4096 * MIB
"""Bytes of working memory of a trunk, besides the image and the program."""

CPU_PIECE = 128 * MIB
"""Bytes of working memory for some rows on a processor, however large the budget. Large pieces keep
an accelerator busy; here they are slower, and make the C library hold on to more memory."""

LEAST_ROWS = 32
CPU_ROWS = 64
ACCELERATOR_ROWS = 1024
"""Rows in a piece: fewer cost time per call, and on a processor more leave the cache."""


@dataclass(frozen=True)
class Tile:
    """Size of a piece in pixels, without the halo."""

    rows: int
    columns: int

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1:
            raise InputError(f"A tile must be at least 1 x 1; got {self.columns} x {self.rows}.")


def default_budget(device: torch.device) -> int:
    """Bytes of working memory where none are given."""
    return CPU_BUDGET if device.type == "cpu" else ACCELERATOR_BUDGET


def should_tile(height: int, width: int, trunk: Trunk, budget: int | None = None) -> bool:
    """Whether an image of this size should be encoded in pieces.

    True where the whole image would need more working memory than the budget and the trunk can be
    tiled. The encoding is the same either way.

    Parameters
    ----------
    height, width : in pixels.
    budget : bytes of working memory; by default 512 MiB on a processor, 4 GiB elsewhere.
    """
    if trunk.halo is None:
        return False
    if budget is None:
        budget = default_budget(trunk.device)
    return height * width * trunk.bytes_per_pixel() > budget


def choose_tile(width: int, trunk: Trunk, budget: int | None = None) -> Tile:
    """Tile for images of this width: as wide as the budget allows, as halos are computed twice."""
    device = trunk.device
    if budget is None:
        budget = default_budget(device)
    halo = trunk.halo or 0
    # A tile narrower than its halo would spend nearly all time on the halo, so the budget yields.
    least = max(2 * halo, trunk.stride)
    if not trunk.streams:
        side = max(least, math.isqrt(int(budget / trunk.bytes_per_pixel())) - 2 * halo)
        return Tile(side, side)
    most = ACCELERATOR_ROWS
    if device.type == "cpu":
        budget, most = min(budget, CPU_PIECE), CPU_ROWS
    pixels = int(budget / trunk.bytes_per_pixel())
    rows = min(most, max(LEAST_ROWS, pixels // width))
    return Tile(rows, min(width, max(least, pixels // rows - 2 * halo)))
