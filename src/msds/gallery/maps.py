"""Maps of the pairs that a reader looks at first, to lie over their pictures."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msds.errors import InputError, MSDSError
from msds.results import Run, Score

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from msds.metric.maps import QualityMap
    from msds.metric.modules import MSDS

    Array = npt.NDArray[np.float32]

SIDE = 512
"""Longest side of a map's picture, in pixels: features have far fewer positions."""

_STRONGEST = 0.9


@dataclass(frozen=True)
class Maps:
    """Maps as pictures, whose colours stand for the same in all of them.

    Attributes
    ----------
    pictures : WebP with transparency where nothing differs, by row.
    top : the value of the strongest colour.
    problems : why a pair has none.
    """

    pictures: Mapping[int, bytes] = field(default_factory=dict)
    top: float = 1.0
    problems: Sequence[str] = ()


def model_of(run: Run) -> MSDS:
    """The model that made a run, if it can be had by its id.

    Raises
    ------
    InputError
        If there is none of this name, or it is another one by now.
    """
    from msds.models import load_model

    metric = load_model(run.model)
    if metric.fingerprint != run.fingerprint:
        raise InputError(
            f"The results are of {run.model} with fingerprint {run.fingerprint[:16]}; the model of "
            f"that name has {metric.fingerprint[:16]}."
        )
    return metric


def maps_of(
    scores: Sequence[Score], rows: Sequence[int], files: Mapping[str, Path], metric: MSDS
) -> Maps:
    """Local maps of some rows of a run, read as it read them."""
    found: dict[int, Array] = {}
    problems = []
    for row in rows:
        score = scores[row]
        names = (score.reference, score.distorted)
        if score.score is None or score.size_difference or any(n not in files for n in names):
            continue
        if "saliency" in score.settings:
            continue  # a map is one of the whole image
        try:
            found[row] = _values(score, files, metric)
        except (MSDSError, OSError, MemoryError) as error:
            problems.append(f"{score.distorted}: {error}")
    if not found:
        return Maps(problems=problems)
    from msds.report.maps import round_up

    top = round_up(max(float(values.max()) for values in found.values()))
    return Maps({row: map_picture(values / top) for row, values in found.items()}, top, problems)


def _values(score: Score, files: Mapping[str, Path], metric: MSDS) -> Array:
    from msds.scoring.inputs import Reading
    from msds.scoring.maps import map_pair

    reading = Reading.of(score.settings)
    made = map_pair(
        files[score.reference],
        files[score.distorted],
        model=metric,
        background=reading.background,
        transfer=reading.transfer,
        frame=reading.frame,
    )
    return reduced_map(made)


def reduced_map(made: QualityMap) -> Array:
    """The fused map, averaged to at most SIDE pixels a side, some rows at a time."""
    import numpy as np
    from torch.nn.functional import avg_pool2d

    step = math.ceil(max(made.height, made.width) / SIDE)
    band = max(1, (1 << 22) // (made.width * step)) * step
    parts = [
        avg_pool2d(made.rows(top, min(top + band, made.height))[None, None], step, ceil_mode=True)
        for top in range(0, made.height, band)
    ]
    return np.concatenate([part[0, 0].numpy() for part in parts])


def map_picture(shares: Array) -> bytes:
    """Colours of values in [0, 1], the more opaque the greater."""
    import numpy as np
    from PIL import Image

    from msds.report.colours import table

    colours = table()
    index = np.round(shares.clip(0, 1) * (len(colours) - 1)).astype(np.int64)
    alpha = np.round(255 * _STRONGEST * shares.clip(0, 1)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([colours[index], alpha])).save(buffer, "WEBP", quality=85)
    return buffer.getvalue()
