"""`msds.score`: one pair of images, from whatever source."""

from __future__ import annotations

import hashlib
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from msds.encoding.encoder import Encoder
from msds.errors import InputError
from msds.files import sha256_file
from msds.images import Image
from msds.images.regions import Regions
from msds.models import DEFAULT_MODEL, load_model
from msds.results import Score
from msds.scoring.cache import Encoded
from msds.scoring.compare import compare, run_of
from msds.scoring.inputs import PARTS_BYTES, Reading, pixel_bytes

if TYPE_CHECKING:
    from msds.metric.modules import MSDS


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
        If an image cannot be used, or the score is not a finite number.
    WeightsError
        If the model's weights cannot be had.
    """
    start = time.perf_counter()
    reading = Reading(background, transfer)
    if isinstance(model, torch.nn.Module):
        metric = model
    else:
        name = os.fspath(model)
        metric, device = _loaded(name, _version(name)), device or "cpu"
    images = [_load_or_open(source, reading) for source in (reference, distorted)]
    if device is not None:
        metric.to(device)
    encoder = metric.encoder()
    a, b = (_encoded(encoder, image) for image in images)
    found = compare(metric, a, b)
    digests = [_digest(source) for source in (reference, distorted)]
    return Score(
        images[0].source,
        images[1].source,
        **found._asdict(),
        reference_size=a.size,
        distorted_size=b.size,
        reference_sha256=digests[0],
        distorted_sha256=digests[1],
        seconds=time.perf_counter() - start,
        run=run_of(metric, reading),
    )


def _load_or_open(source: Any, reading: Reading) -> Image | Regions:
    """An image in memory, or a large file opened to be read in parts."""
    if isinstance(source, (str, os.PathLike)) and pixel_bytes(Path(source)) > PARTS_BYTES:
        return reading.open(source)
    return reading.load(source)


def _encoded(encoder: Encoder, image: Image | Regions) -> Encoded:
    try:
        if isinstance(image, Image):
            return Encoded(encoder.encode([image.pixels])[0], image.notes)
        with image:
            encoding = encoder.encode_regions(image)
            return Encoded(encoding, image.notes)
    except InputError as error:
        if str(error).startswith(image.source):
            raise
        raise InputError(f"{image.source}: {error}") from error


def _digest(source: Any) -> str | None:
    """SHA-256 of a source that is a file, or the bytes of one."""
    if isinstance(source, (str, os.PathLike)):
        return sha256_file(source)
    if isinstance(source, (bytes, bytearray)):
        return hashlib.sha256(source).hexdigest()
    return None


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
