"""Maps of image files: where two of them differ, as numbers and as pictures named after them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from msds.encoding.streamed import RegionReader, TensorRegions
from msds.errors import InputError
from msds.metric.maps import QualityMap, make_map, position_note
from msds.metric.maps.local import WINDOW
from msds.metric.maps.position import knows_places
from msds.models import DEFAULT_MODEL, load_model
from msds.scoring.inputs import Reading, pixel_bytes
from msds.scoring.memory import PARTS_BYTES

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

SUFFIX = ".map.png"
"""What the name of a distorted image is followed by in that of its map."""


def map_pair(
    reference: Any,
    distorted: Any,
    *,
    model: str | os.PathLike[str] | MSDS = DEFAULT_MODEL,
    kind: str = "local",
    window: int = WINDOW,
    background: str = "white",
    transfer: str | None = None,
) -> QualityMap:
    """Where two images differ.

    Parameters
    ----------
    reference, distorted : anything `msds.load_image` takes, of equal size. Large files are read in
        parts where their format allows.
    model : id of a model, path of a model file, or a metric.
    kind, window : as of `msds.metric.maps.make_map`.
    background, transfer : as of `msds.load_image`.

    Raises
    ------
    InputError
        If an image cannot be used, or their sizes differ.
    WeightsError
        If the model's weights cannot be had.
    """
    metric = model if isinstance(model, torch.nn.Module) else load_model(model)
    with open_images(reference, distorted, reading=Reading(background, transfer)) as images:
        return mapped(metric, images, (reference, distorted), kind, window)


def explain_position(
    reference: Any, distorted: Any, metric: MSDS, reading: Reading | None = None
) -> str | None:
    """The note that parts of a pair are alike but not in the same places, if so.

    It takes a local map, and so about as long as the score again, or two to three times as long
    with `compact` (docs/maps.md). None without work if the metric has no limit, and for images of
    different size.
    """
    if not knows_places(metric.trunk.name, metric.levels):
        return None
    with open_images(reference, distorted, reading=reading or Reading()) as images:
        sizes = {(image.width, image.height) for image in images}
        if len(sizes) > 1:
            return None
        return position_note(mapped(metric, images, (reference, distorted), "local", WINDOW))


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
    kind: str,
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
