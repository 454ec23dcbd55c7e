"""Two encodings to a score, for one pair as for many: what is noted, and what is no score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from msds.errors import InputError
from msds.metric.settings import fingerprint
from msds.results import Run

if TYPE_CHECKING:
    from msds.metric.modules import MSDS
    from msds.metric.saliency import Saliency
    from msds.scoring.cache import Encoded
    from msds.scoring.inputs import Reading


class Compared(NamedTuple):
    """What a comparison gives."""

    score: float
    levels: tuple[float, ...]
    notes: tuple[str, ...]


def run_of(metric: MSDS, reading: Reading) -> Run:
    """What all scores have in common that a metric gives to images that are read so.

    Raises
    ------
    InputError
        If scores are to be calibrated by saliency and the metric computes in a reduced precision.
    """
    settings = {**metric.settings, "small": metric.small, **reading.settings}
    if reading.saliency is None:
        return Run(metric.model_id, metric.fingerprint, settings)
    return Run(*calibrated(metric, reading.saliency), settings)


def calibrated(metric: MSDS, saliency: Saliency) -> tuple[str, str]:
    """Id and fingerprint of a metric whose scores are calibrated by saliency: those of another.

    Raises
    ------
    InputError
        If the metric computes in a reduced precision: masks are for float32.
    """
    if metric.trunk.stands_in and metric.trunk.precision != "float32":
        raise InputError(
            f"Scores calibrated by saliency are computed in float32, not in "
            f"{metric.trunk.precision}."
        )
    marked = fingerprint({**metric.settings, **saliency.settings})
    return f"{metric.model_id}+{saliency}", marked


def compare(metric: MSDS, reference: Encoded, distorted: Encoded) -> Compared:
    """Score, level scores and notes of two encoded images.

    Raises
    ------
    InputError
        If the score is not a finite number.
    """
    with torch.inference_mode():
        scores = metric.level_scores(reference.encoding, distorted.encoding)
        score = float(metric.fuse(scores))
    if not math.isfinite(score):
        raise InputError("The score is not a finite number: the trunk's features overflow.")
    levels = tuple(scores[0].tolist())
    return Compared(score, levels, _notes(metric, len(levels), reference, distorted))


def _notes(metric: MSDS, levels: int, reference: Encoded, distorted: Encoded) -> tuple[str, ...]:
    """What was done to the images of a pair, and to its levels."""
    notes = [f"reference: {note}" for note in reference.notes]
    notes += [f"distorted: {note}" for note in distorted.notes]
    if levels < metric.levels:
        notes.append(f"{levels} of {metric.levels} levels: the images are too small for more")
    if reference.size != distorted.size:
        notes.append("sizes differ: nothing was resized")
    masked = reference.encoding.masked or distorted.encoding.masked
    if hasattr(metric.trunk, "engine") and not masked:  # engines take no masks
        notes.append(f"features by {metric.engine}")
    return tuple(notes)
