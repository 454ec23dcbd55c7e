"""Chroma of fewer samples than luma, brought to its size by linear interpolation."""

from __future__ import annotations

import torch
from torch import Tensor


def enlarged(chroma: Tensor, height: int, width: int) -> Tensor:
    """Chroma at every sample of luma.

    The first chroma sample of a row lies on the first luma sample, as MPEG-2, H.264, HEVC, VP9 and
    AV1 have it unless they say otherwise, and in the middle between rows; beyond the first and
    last, values repeat. What a clip may say besides, PyAV does not hand on.

    Parameters
    ----------
    chroma : (h, w) values.
    height, width : of luma, 1, 2 or 4 times as large, rounded.
    """
    rows, columns = _factor(chroma.shape[0], height), _factor(chroma.shape[1], width)
    wide = _stretched(chroma, columns, 0.0)[:, :width]
    return _stretched(wide.T, rows, (rows - 1) / 2).T[:height]


def _factor(few: int, many: int) -> int:
    for factor in (1, 2, 4):
        if -(-many // factor) == few:
            return factor
    raise ValueError(f"{few} samples of chroma for {many} of luma")


def _stretched(values: Tensor, factor: int, offset: float) -> Tensor:
    """Values between columns: old column k lies at `factor` * k + `offset` of the new ones."""
    if factor == 1:
        return values
    before, after = values[:, :1], values[:, -1:]
    padded = torch.cat((before, values, after), dim=1)
    count = values.shape[1]
    out = values.new_empty(values.shape[0], count * factor)
    for phase in range(factor):
        place = (phase - offset) / factor  # within (-1, 1) of the old column
        first = 1 if place >= 0 else 0
        share = place - (first - 1)
        left, right = padded[:, first : first + count], padded[:, first + 1 : first + 1 + count]
        out[:, phase::factor] = left if share == 0 else torch.lerp(left, right, share)
    return out
