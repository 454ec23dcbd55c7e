"""Maps as pictures to lay over an image: colours that are the clearer the more there is."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np
import torch

from msds.metric.maps import QualityMap, position_note
from msds.metric.maps.grid import interpolate
from msds.metric.maps.record import LevelMap
from msds.models.levels import level_name
from msds.report.colours import table
from msds.report.maps import round_up

SIDE = 1024
"""Pixels along the longer side of a picture; maps have far fewer positions than images pixels."""

_FAINT = 0.12
_SAMPLES = 9


def map_answer(found: QualityMap) -> dict[str, Any]:
    """A map as JSON-able values: a picture of all levels and of each, in one scale of colours."""
    count = len(found.levels)
    step = max(1, math.ceil(max(found.width, found.height) / SIDE))
    levels = [_reduced(level, found, step) for level in found.levels]
    fused = torch.stack(
        [level.weight * values for level, values in zip(found.levels, levels, strict=True)]
    ).sum(0)
    top = round_up(max(float(values.abs().max()) for values in (fused, *levels)))
    names = ["all levels", *(level_name(k, count) for k in range(count))]
    scores = [found.score, *(level.score for level in found.levels)]
    return {
        "kind": found.kind,
        "unit": found.unit,
        "score": found.score,
        "model": found.model,
        "fingerprint": found.fingerprint,
        "width": found.width,
        "height": found.height,
        "top": top,
        "signed": found.signed,
        "note": position_note(found),
        "colours": _colours(found.signed),
        "pictures": [
            {"name": name, "score": score, "png": _png(values, top, found.signed)}
            for name, score, values in zip(names, scores, (fused, *levels), strict=True)
        ],
    }


def _reduced(level: LevelMap, found: QualityMap, step: int) -> torch.Tensor:
    """A level at every pixel of an image that is `step` times smaller."""
    origin, spacing = (level.origin + 0.5) / step - 0.5, level.spacing / step
    height, width = (math.ceil(size / step) for size in (found.height, found.width))
    return interpolate(level.values, origin, spacing, (0, height), width)


def _png(values: torch.Tensor, top: float, signed: bool) -> str:
    """Values as a transparent PNG, base64."""
    from PIL import Image

    share = (values / top).clamp(-1, 1).numpy()
    colours = table(signed)
    place = (share + 1) / 2 if signed else share
    codes = np.empty((*share.shape, 4), np.uint8)
    codes[..., :3] = colours[(place * (len(colours) - 1)).round().astype(np.int64)]
    codes[..., 3] = np.round(255 * (_FAINT + (1 - _FAINT) * np.abs(share)))
    buffer = io.BytesIO()
    Image.fromarray(codes).save(buffer, "PNG", compress_level=3)
    return base64.b64encode(buffer.getvalue()).decode()


def _colours(signed: bool) -> list[str]:
    """Some of the colours, from the least value to the greatest."""
    colours = table(signed)
    places = np.linspace(0, len(colours) - 1, _SAMPLES).round().astype(int)
    return ["#" + bytes(colours[place]).hex() for place in places]
