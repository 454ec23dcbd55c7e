"""The score of one pair of images, with everything needed to know how it came about."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from msds.encoding.encoder import Encoder
from msds.errors import InputError
from msds.images import Image, load_image
from msds.images.regions import Regions, open_regions
from msds.models import DEFAULT_MODEL, load_model
from msds.scoring.inputs import PARTS_BYTES, pixel_bytes

if TYPE_CHECKING:
    from msds.encoding import Encoding
from msds.metric.modules import MSDS

Size = tuple[int, int]


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
    reference_size: Size
    distorted_size: Size
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
    device: str | torch.device | None = None,
    background: str = "white",
    transfer: str | None = None,
) -> Score:
    """Score one pair of images of any size.

    Parameters
    ----------
    reference, distorted : anything `msds.load_image` takes: paths, PIL images, arrays, tensors.
        Large files are read in parts where their format allows.
    model : id of a model, path of a model file, or a metric. Models given by name are kept
        loaded, those in files for as long as the file stays as it is.
    device : where to compute; by default the CPU, or wherever a metric that is passed in is. A
        metric that is passed in is moved there.
    background, transfer : as of `msds.load_image`.

    Raises
    ------
    InputError
        If an image cannot be used.
    WeightsError
        If the model's weights cannot be had.
    """
    if isinstance(model, torch.nn.Module):
        metric = model
    else:
        name = os.fspath(model)
        metric, device = _loaded(name, _version(name)), device or "cpu"
    images = [
        load_or_open(source, background=background, transfer=transfer)
        for source in (reference, distorted)
    ]
    return score_images(metric if device is None else metric.to(device), *images)


def load_or_open(
    source: Any, *, background: str = "white", transfer: str | None = None
) -> Image | Regions:
    """An image in memory, or a large file opened to be read in parts."""
    if isinstance(source, (str, os.PathLike)) and pixel_bytes(Path(source)) > PARTS_BYTES:
        return open_regions(source, background=background, transfer=transfer)
    return load_image(source, background=background, transfer=transfer)


def score_images(metric: MSDS, reference: Image | Regions, distorted: Image | Regions) -> Score:
    """Score one pair of loaded or opened images on the device the metric is on."""
    encoder = metric.encoder()
    start = time.perf_counter()
    encodings = [_encode(encoder, image) for image in (reference, distorted)]
    with torch.inference_mode():
        level_scores = metric.level_scores(*encodings)
        fused = metric.fuse(level_scores)
    levels = tuple(float(v) for v in level_scores[0])
    sizes = [(image.width, image.height) for image in (reference, distorted)]
    return Score(
        score=float(fused[0]),
        levels=levels,
        weights=metric.weights_of(len(levels)),
        model=metric.model_id,
        fingerprint=metric.fingerprint,
        reference=reference.source,
        distorted=distorted.source,
        reference_size=sizes[0],
        distorted_size=sizes[1],
        notes=notes_of(
            metric, len(levels), (reference.notes, sizes[0]), (distorted.notes, sizes[1])
        ),
        seconds=time.perf_counter() - start,
    )


def notes_of(
    metric: MSDS,
    levels: int,
    reference: tuple[tuple[str, ...], Size],
    distorted: tuple[tuple[str, ...], Size],
) -> tuple[str, ...]:
    """What was done to a pair, from the notes and sizes of its images and its levels' number."""
    notes = [
        f"{name}: {note}"
        for name, (image_notes, _) in (("reference", reference), ("distorted", distorted))
        for note in image_notes
    ]
    if levels < metric.levels:
        notes.append(f"{levels} of {metric.levels} levels: the images are too small for more")
    if reference[1] != distorted[1]:
        notes.append("sizes differ: nothing was resized")
    if hasattr(metric.trunk, "engine"):
        notes.append(f"features by {metric.engine}")
    return tuple(notes)


def _encode(encoder: Encoder, image: Image | Regions) -> Encoding:
    try:
        if isinstance(image, Image):
            return encoder.encode([image.pixels])[0]
        with image:
            return encoder.encode_regions(image)
    except InputError as error:
        if str(error).startswith(image.source):
            raise
        raise InputError(f"{image.source}: {error}") from error


def _version(model: str) -> tuple[str, int, int] | None:
    """Which file a name leads to, and in which state; None if it leads to none."""
    path = Path(model)
    if not path.is_file():
        return None
    state = path.stat()
    return str(path.resolve()), state.st_mtime_ns, state.st_size


@lru_cache(maxsize=4)
def _loaded(model: str, version: tuple[str, int, int] | None) -> MSDS:
    """A model, loaded again when its file is another than last time."""
    return load_model(model)
