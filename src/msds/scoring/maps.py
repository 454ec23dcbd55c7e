"""Maps of image files: where two of them differ, as numbers and as pictures named after them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from msds.encoding.reduced import Reduced
from msds.encoding.streamed import RegionReader, TensorRegions
from msds.errors import InputError
from msds.images.loading import Source
from msds.method.pyramid import minimum_side
from msds.metric.maps import Kind, QualityMap, make_map, position_note
from msds.metric.maps.local import WINDOW
from msds.metric.maps.position import knows_places
from msds.models import DEFAULT_MODEL, load_model
from msds.scoring.inputs import Reading, pixel_bytes
from msds.scoring.memory import PARTS_BYTES
from msds.text import counted

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

SUFFIX = ".map.png"
"""What the name of a distorted image is followed by in that of its map."""

LOOK_SIDE = 1024
"""Pixels along a side within which moved parts are looked for: the limits were found on images of
512 x 512, and a window of a much larger image sees too little of it."""


ROWS_AT_ONCE = 256
"""Rows of an image that are copied at a time."""


def map_pair(
    reference: Source,
    distorted: Source,
    *,
    model: str | os.PathLike[str] | MSDS = DEFAULT_MODEL,
    kind: Kind = "local",
    window: int = WINDOW,
    background: str = "white",
    transfer: str | None = None,
    frame: int | None = None,
) -> QualityMap:
    """Where two images differ.

    Parameters
    ----------
    reference, distorted : anything `msds.load_image` takes, of equal size. Large files are read in
        parts where their format allows.
    model : id of a model, path of a model file, or a metric.
    kind, window : as of `msds.metric.maps.make_map`.
    background, transfer, frame : as of `msds.load_image`.

    Raises
    ------
    InputError
        If an image cannot be used, or their sizes differ.
    WeightsError
        If the model's weights cannot be had.
    """
    metric = model if isinstance(model, torch.nn.Module) else load_model(model)
    reading = Reading(background, transfer, frame=frame)
    with open_images(reference, distorted, reading=reading) as images:
        return mapped(metric, images, (reference, distorted), kind, window)


class Places(NamedTuple):
    """What was found on where the parts of a pair are.

    Attributes
    ----------
    note : that they are alike but not in the same places, if so.
    unknown : why it cannot be told, if so.
    """

    note: str | None = None
    unknown: str | None = None


def look_for_moved_parts(
    reference: Any, distorted: Any, metric: MSDS, reading: Reading | None = None
) -> Places:
    """Whether the parts of a pair are alike but not in the same places.

    It takes a local map, and so longer than the score itself with `compact` (docs/maps.md); images
    of more than `LOOK_SIDE` pixels along a side are reduced first. Nothing is read if no limit was
    measured for the metric.
    """
    if not knows_places(metric.trunk.name, metric.levels):
        return _no_limit(metric)
    with open_images(reference, distorted, reading=reading or Reading()) as images:
        return places_of(metric, images)


def places_of(metric: MSDS, images: tuple[RegionReader, RegionReader]) -> Places:
    """The same for two images that are open, or for what `look_of` gives of both."""
    if not knows_places(metric.trunk.name, metric.levels):
        return _no_limit(metric)
    first, second = images
    if (first.width, first.height) != (second.width, second.height):
        return Places(unknown="not looked at: the sizes differ")
    levels = metric.levels_of(first.height, first.width)
    if not knows_places(metric.trunk.name, levels):
        return _no_limit(metric, f" with {counted(levels, 'levels')}")
    return Places(position_note(make_map(metric, *reduced(metric, images, LOOK_SIDE))))


def look_of(metric: MSDS, image: RegionReader) -> RegionReader:
    """What `places_of` looks at of an image; of images of different sizes it may be of one size."""
    return _smaller(metric, image, LOOK_SIDE)


def copied(image: RegionReader) -> RegionReader:
    """An image that is in memory by itself, and read there a few rows at a time."""
    edges = range(0, image.height, ROWS_AT_ONCE)
    rows = [image.read(0, y, image.width, min(y + ROWS_AT_ONCE, image.height)) for y in edges]
    return TensorRegions(torch.cat(rows, 1))


def _no_limit(metric: MSDS, levels: str = "") -> Places:
    return Places(unknown=f"not looked at: no limit was measured for {metric.model_id}{levels}")


def reduced(
    metric: MSDS, images: tuple[RegionReader, RegionReader], side: int
) -> tuple[RegionReader, RegionReader]:
    """Two images of one size, reduced by a whole number to at most `side` pixels along a side.

    Fewer times where the metric's levels would not fit into what is left. The images themselves
    if they are no larger, or their sizes differ.
    """
    first, second = images
    if (first.width, first.height) != (second.width, second.height):
        return images
    return _smaller(metric, first, side), _smaller(metric, second, side)


def _smaller(metric: MSDS, image: RegionReader, side: int) -> RegionReader:
    """One image, reduced as `reduced` says; itself if it is small enough."""
    levels = metric.levels_of(image.height, image.width)
    step = math.ceil(max(image.width, image.height) / side)
    least = minimum_side(levels, metric.trunk.stride)
    step = max(1, min(step, min(image.width, image.height) // least))
    return image if step == 1 else Reduced(image, step)


@contextmanager
def open_images(*sources: Any, reading: Reading) -> Iterator[tuple[RegionReader, RegionReader]]:
    """Images in memory, or large files opened to be read in parts, closed at the end."""
    with ExitStack() as stack:
        opened: list[RegionReader] = []
        for source in sources:
            named = isinstance(source, (str, os.PathLike))
            if named and pixel_bytes(Path(source)) > PARTS_BYTES:
                opened.append(stack.enter_context(reading.open(Path(source))))
            else:
                opened.append(TensorRegions(reading.load(source).pixels))
        yield opened[0], opened[1]


def mapped(
    metric: MSDS,
    images: tuple[RegionReader, RegionReader],
    names: tuple[Any, Any],
    kind: Kind,
    window: int,
) -> QualityMap:
    """The map of two opened images; an error names the file, where `names` are files."""
    try:
        return make_map(metric, *images, kind=kind, window=window)
    except InputError as error:
        name = names[1]
        if not isinstance(name, (str, os.PathLike)) or str(error).startswith(os.fspath(name)):
            raise
        raise InputError(f"{os.fspath(name)}: {error}") from error
