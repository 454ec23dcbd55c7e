"""`msds.score`: pairs of images from whatever source, files, arrays or tensors."""

from __future__ import annotations

import hashlib
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, cast, overload

import torch

from msds.errors import InputError
from msds.files import sha256_file
from msds.images import Image
from msds.images.limits import MAX_PIXELS
from msds.images.loading import Source
from msds.images.regions import Regions
from msds.metric.saliency import Saliency
from msds.models import DEFAULT_MODEL, load_model
from msds.pairs import Pair, is_video
from msds.results import Score
from msds.scoring.cache import Encoded
from msds.scoring.compare import compare, run_of
from msds.scoring.device import Device, choose_device
from msds.scoring.engine import score_pairs
from msds.scoring.inputs import Reading, pixel_bytes
from msds.scoring.memory import PARTS_BYTES
from msds.text import printable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from msds.metric.modules import MSDS


_S = TypeVar("_S", bound=Source)
_T = TypeVar("_T", bound=Source)


class _Options(TypedDict, total=False):
    """The keyword arguments of `score`."""

    model: str | os.PathLike[str] | MSDS
    device: Device | None
    background: str
    transfer: str | None
    frame: int | None
    max_pixels: int
    saliency: str | tuple[Any, Any] | None
    saliency_threshold: float


@overload
def score(
    reference: list[_S], distorted: list[_T] | Source, **options: Unpack[_Options]
) -> list[Score]: ...


@overload
def score(reference: Source, distorted: list[_T], **options: Unpack[_Options]) -> list[Score]: ...


@overload
def score(reference: Source, distorted: Source, **options: Unpack[_Options]) -> Score: ...


def score(
    reference: Source | list[_S],
    distorted: Source | list[_T],
    *,
    model: str | os.PathLike[str] | MSDS = DEFAULT_MODEL,
    device: Device | None = None,
    background: str = "white",
    transfer: str | None = None,
    frame: int | None = None,
    max_pixels: int = MAX_PIXELS,
    saliency: str | tuple[Any, Any] | None = None,
    saliency_threshold: float = 0.0,
) -> Score | list[Score]:
    """Score one pair of images of any size, or a list of them.

    Parameters
    ----------
    reference, distorted : anything `msds.load_image` takes: paths, PIL images, arrays, tensors.
        Large files are read in parts where their format allows. Either may be a list of them: two
        lists of one length are compared pair by pair, and one image with each of a list.
    model : id of a model, path of a model file, or a metric. Models given by name are kept
        loaded, those in files for as long as the file stays as it is.
    device : where to compute; by default the CPU, or wherever a metric that is passed in is. A
        metric that is passed in is moved there.
    background, transfer, frame, max_pixels : as of `msds.load_image`.
    saliency : calibrate the score by saliency, as DeepSSIM's authors advise where the geometry of
        images differs: the saliency maps of the reference and of the distorted image, as anything
        `msds.load_image` takes, or "spectral-residual", which is computed. By default all of an
        image counts.
    saliency_threshold : pixels with a saliency above it count, in [0, 1).

    Returns
    -------
    Score
        Or a list of them where a list was given, in its order. There a pair that cannot be scored
        has no score, and an `error` that says why.

    Raises
    ------
    InputError
        If an image of a single pair cannot be used, or is a video, which `msds.video.score_clips`
        scores; if its score is not a finite number; if two lists are not of one length; if there
        are two saliency maps for a list.
    WeightsError
        If the model's weights cannot be had.
    """
    calibration, maps = _calibration(saliency, saliency_threshold)
    reading = Reading(background, transfer, max_pixels, frame, saliency=calibration)
    metric = _metric(model, device)
    if not isinstance(reference, list) and not isinstance(distorted, list):
        return _Scorer(metric, reading).score(reference, distorted, maps)
    if maps != NO_MAPS:
        raise InputError("saliency: two maps belong to one pair of images; found a list of them.")
    pairs = _paired(reference, distorted)
    if all(isinstance(source, (str, os.PathLike)) for pair in pairs for source in pair):
        planned = [_planned(a, b) for a, b in pairs]
        found = dict(score_pairs(metric, planned, reading=reading))
        return [found[row] for row in range(len(planned))]
    scorer = _Scorer(metric, reading)
    return [scorer.try_to_score(a, b) for a, b in pairs]


NO_MAPS = (None, None)


def _calibration(saliency: Any, threshold: float) -> tuple[Saliency | None, tuple[Any, Any]]:
    """How saliency is told, if it counts, and the maps that are given."""
    if saliency is None:
        return None, NO_MAPS
    if isinstance(saliency, str):
        return Saliency(saliency, threshold), NO_MAPS
    if not isinstance(saliency, (tuple, list)) or len(saliency) != 2:
        found = (
            f"{len(saliency)} of them"
            if isinstance(saliency, (tuple, list))
            else type(saliency).__name__
        )
        raise InputError(f"saliency must be a method, or the maps of the two images; got {found}.")
    return Saliency(threshold=threshold), (saliency[0], saliency[1])


def _paired(reference: Any, distorted: Any) -> list[tuple[Any, Any]]:
    """The pairs that two lists make, or a list and one image."""
    if not isinstance(reference, list):
        return [(reference, one) for one in distorted]
    if not isinstance(distorted, list):
        return [(one, distorted) for one in reference]
    if len(reference) != len(distorted):
        raise InputError(
            f"{len(reference)} references and {len(distorted)} distorted images were given; "
            "expected as many of each, or one reference."
        )
    return list(zip(reference, distorted, strict=True))


def _planned(reference: Any, distorted: Any) -> Pair:
    """The pair of two paths."""
    problem = _not_an_image(reference) or _not_an_image(distorted)
    names = printable(reference), printable(distorted)
    return Pair(*names, Path(reference), Path(distorted), problem=problem)


def _not_an_image(source: Any) -> str | None:
    """What to do with a source that is a video by its name; None of others."""
    if not isinstance(source, (str, os.PathLike)) or not is_video(Path(source)):
        return None
    return f"{printable(source)}: this is a video; msds.video.score_clips scores two of them"


class _Scorer:
    """Compares images one pair at a time; the last reference is encoded once."""

    def __init__(self, metric: MSDS, reading: Reading) -> None:
        self._metric = metric
        self._reading = reading
        self._encoder = metric.encoder()
        self._run = run_of(metric, reading)
        self._last: tuple[Any, str, Encoded] | None = None

    def try_to_score(self, reference: Any, distorted: Any) -> Score:
        """The record of a pair, with an error if it cannot be scored."""
        try:
            return self.score(reference, distorted)
        except InputError as error:
            names = _name(reference), _name(distorted)
            return Score(*names, error=str(error), run=self._run)

    def score(self, reference: Any, distorted: Any, maps: tuple[Any, Any] = NO_MAPS) -> Score:
        """The record of a pair, of which `maps` are the saliency maps, if there are any.

        Raises
        ------
        InputError
            If it cannot be scored.
        """
        start = time.perf_counter()
        if self._last is None or self._last[0] is not reference:
            self._last = (reference, *self._encoded(reference, maps[0]))
        _, name, a = self._last
        other, b = self._encoded(distorted, maps[1])
        return Score(
            name,
            other,
            **compare(self._metric, a, b)._asdict(),
            reference_size=a.size,
            distorted_size=b.size,
            reference_sha256=_digest(reference),
            distorted_sha256=_digest(distorted),
            seconds=time.perf_counter() - start,
            run=self._run,
        )

    def _encoded(self, source: Any, given: Any) -> tuple[str, Encoded]:
        """Name and encoding of an image."""
        if problem := _not_an_image(source):
            raise InputError(f"{problem}.")
        calibrated = self._reading.saliency is not None
        image = self._reading.load(source) if calibrated else _load_or_open(source, self._reading)
        try:
            if isinstance(image, Image):
                image, mask = self._reading.masked(image, given)
                masks = None if mask is None else [mask]
                encoding = self._encoder.encode([image.pixels], masks)[0]
                return image.source, Encoded(encoding, image.notes)
            with image:
                encoding = self._encoder.encode_regions(image)
                return image.source, Encoded(encoding, image.notes)
        except InputError as error:
            if str(error).startswith(image.source):
                raise
            raise InputError(f"{image.source}: {error}") from error


def _name(source: Any) -> str:
    """What a source is called that may not be readable."""
    if isinstance(source, (str, os.PathLike)):
        return printable(source)
    return f"<{type(source).__name__.lower()}>"


def _load_or_open(source: Any, reading: Reading) -> Image | Regions:
    """An image in memory, or a large file opened to be read in parts."""
    if isinstance(source, (str, os.PathLike)) and pixel_bytes(Path(source)) > PARTS_BYTES:
        return reading.open(source)
    return reading.load(source)


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


def _metric(model: Any, device: Device | None) -> MSDS:
    """The metric that is meant, where it is to compute."""
    place = None if device is None else choose_device(device)
    if isinstance(model, torch.nn.Module):
        return cast("MSDS", model if place is None else model.to(place))
    name = os.fspath(model)
    return _loaded(name, _version(name), place or torch.device("cpu"))


@lru_cache(maxsize=4)
def _loaded(model: str, version: tuple[str, int, int] | None, place: torch.device) -> MSDS:
    """A model on a device, where it stays; loaded again when its file is another than last time."""
    return load_model(model).to(place)
