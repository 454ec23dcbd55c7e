"""Scores of pairs of images, with everything needed to know how each number came about."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch

from msds.errors import InputError
from msds.images import Image, load_image
from msds.models import DEFAULT_MODEL, load_model

if TYPE_CHECKING:
    from msds.metric import MSDS


@dataclass(frozen=True)
class Score:
    """The result of one comparison.

    Attributes
    ----------
    score : 1 for identical images; higher is better.
    levels : DeepSSIM of each level, from full size down.
    weights : weight of each of these levels in the score.
    model : id of the model, with every setting that differs from it.
    fingerprint : SHA-256 over the trunk's weights and all settings.
    reference, distorted : names of the two images.
    reference_size, distorted_size : (width, height) in pixels.
    notes : what was done to the images and to the levels, in words.
    seconds : time it took, without reading the files.
    """

    score: float
    levels: tuple[float, ...]
    weights: tuple[float, ...]
    model: str
    fingerprint: str
    reference: str
    distorted: str
    reference_size: tuple[int, int]
    distorted_size: tuple[int, int]
    notes: tuple[str, ...]
    seconds: float

    def __float__(self) -> float:
        return self.score

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return asdict(self)


def score(
    reference: Any,
    distorted: Any,
    *,
    model: str | os.PathLike[str] | MSDS = DEFAULT_MODEL,
    device: str | torch.device = "cpu",
    background: str = "white",
) -> Score:
    """Score one pair of images.

    Parameters
    ----------
    reference, distorted : anything `msds.load_image` takes: paths, PIL images, arrays, tensors.
    model : id of a model, path of a model file, or a metric. Models given by name are kept loaded.
    device : where to compute.
    background : what transparent images are composited on.

    Raises
    ------
    InputError
        If an image cannot be used.
    WeightsError
        If the model's weights cannot be had.
    """
    metric = model if isinstance(model, torch.nn.Module) else _loaded(os.fspath(model))
    images = [load_image(source, background=background) for source in (reference, distorted)]
    return score_images(metric.to(device), *images)


def score_images(metric: MSDS, reference: Image, distorted: Image) -> Score:
    """Score one pair of loaded images on the device the metric is on."""
    device = next(metric.parameters(), torch.zeros(())).device
    start = time.perf_counter()
    with torch.inference_mode():
        encodings = []
        for image in (reference, distorted):
            try:
                encodings.append(metric.encode(image.pixels[None].to(device)))
            except InputError as error:
                raise InputError(f"{image.source}: {error}") from error
        level_scores = metric.level_scores(*encodings)
        fused = metric.fuse(level_scores)
    levels = tuple(float(v) for v in level_scores[0])
    notes = [
        f"{name}: {note}"
        for name, image in (("reference", reference), ("distorted", distorted))
        for note in image.notes
    ]
    if len(levels) < metric.levels:
        notes.append(f"{len(levels)} of {metric.levels} levels: the images are too small for more")
    if (reference.width, reference.height) != (distorted.width, distorted.height):
        notes.append("sizes differ: nothing was resized")
    return Score(
        score=float(fused[0]),
        levels=levels,
        weights=metric.weights_of(len(levels)),
        model=metric.model_id,
        fingerprint=metric.fingerprint,
        reference=reference.source,
        distorted=distorted.source,
        reference_size=(reference.width, reference.height),
        distorted_size=(distorted.width, distorted.height),
        notes=tuple(notes),
        seconds=time.perf_counter() - start,
    )


@lru_cache(maxsize=4)
def _loaded(model: str) -> MSDS:
    return load_model(model)
