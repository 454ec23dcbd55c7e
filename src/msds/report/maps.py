"""Pictures of maps: colours over the grey image, with a bar that says what they are worth."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import avg_pool2d

from msds.encoding.streamed import RegionReader
from msds.errors import InputError
from msds.files import atomic_write
from msds.metric.maps import QualityMap
from msds.models.levels import level_name
from msds.report.colours import Table, table

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

Array = npt.NDArray[np.float32]

MOST_SIDE = 2048
"""Pixels along the longer side of the picture itself; larger images are shown smaller."""

LEAST_SIDE = 512
"""Smaller images are shown larger, each pixel as a square."""

STRIP_PIXELS = 1 << 22
FAINT, STRONG = 0.15, 0.85
"""How much of the colour is seen over the image where there is nothing, and where there is most."""

MARGIN, BAR, FONT = 16, 18, 14
"""Pixels around a picture, across the bar, and of letters; more of a large one, see `_Frame`."""

LARGE_SIDE = 600
"""From this shorter side on the frame grows with a picture, which is seen smaller then."""

LEAST_WIDTH = 460
"""Of the whole picture, so that there is room for its words."""


def draw_map(
    found: QualityMap,
    image: RegionReader,
    *,
    level: int | None = None,
    top: float | None = None,
) -> Image:
    """A map over the image in grey, with a bar of its colours in the map's own unit.

    Parameters
    ----------
    found : the map.
    image : the image to show under it, of the same size.
    level : counted from 0, for one level; the levels fused if not given.
    top : what the strongest colour stands for; a round number above the greatest value if not
        given. Pictures that are to be compared need the same.
    """
    from PIL import Image as Pictures

    if (image.width, image.height) != (found.width, found.height):
        raise InputError(
            f"This map is of {found.width} x {found.height} pixels, the image to show it over of "
            f"{image.width} x {image.height}."
        )
    if top is not None and not 0 < top < math.inf:
        raise InputError(f"The greatest value shown must be above 0; got {top:g}.")
    grey, values = _shown(found, image, level)
    top = top or round_up(float(np.abs(values).max()))
    colours = table(found.signed)
    picture = Pictures.fromarray(_blend(grey, values / top, colours, found.signed))
    larger = max(1, LEAST_SIDE // max(picture.size))
    if larger > 1:
        size = (picture.width * larger, picture.height * larger)
        picture = picture.resize(size, Pictures.Resampling.NEAREST)
    return _framed(picture, found, level, top, colours)


def write_map(
    path: str | os.PathLike[str],
    found: QualityMap,
    image: RegionReader,
    *,
    each_level: bool = False,
    arrays: bool = False,
    top: float | None = None,
) -> list[Path]:
    """Write a map as a PNG, and more of it beside.

    Parameters
    ----------
    path : where the picture of the fused map goes.
    each_level : also one picture for each level, `NAME-level1.png` and so on.
    arrays : also the numbers, as `NAME.npy` at the image's size, and with `each_level` as
        `NAME-level1.npy`, one for each feature position.
    top : see `draw_map`.

    Returns
    -------
    The files written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"{path}: maps are written as PNG; give a name that ends in .png.")
    written = [path]
    _save(path, draw_map(found, image, top=top))
    if arrays:
        written.append(path.with_suffix(".npy"))
        with atomic_write(written[-1]) as file:
            _write_array(file, found)
    for k in range(len(found.levels) if each_level else 0):
        name = path.with_name(f"{path.stem}-level{k + 1}{path.suffix}")
        written.append(name)
        _save(name, draw_map(found, image, level=k, top=top))
        if arrays:
            written.append(name.with_suffix(".npy"))
            with atomic_write(written[-1]) as file:
                np.save(file, found.levels[k].values.numpy())
    return written


def round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten; 1 for nothing at all."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value * 0.9999)


def _save(path: Path, picture: Image) -> None:
    with atomic_write(path) as file:
        picture.save(file, "PNG", optimize=True)


def _write_array(file: IO[bytes], found: QualityMap) -> None:
    """The fused map as .npy, some rows at a time."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (found.height, found.width)}
    np.lib.format.write_array_header_1_0(file, header)
    for first, last in _strips(found, 1):
        file.write(found.rows(first, last).numpy().astype("<f4").tobytes())


def _strips(found: QualityMap, step: int) -> Iterator[tuple[int, int]]:
    """Rows from top to bottom, multiples of `step` at a time."""
    rows = max(step, STRIP_PIXELS // found.width // step * step)
    for first in range(0, found.height, rows):
        yield first, min(found.height, first + rows)


def _shown(found: QualityMap, image: RegionReader, level: int | None) -> tuple[Array, Array]:
    """The image in grey and the values over it, both reduced to what a picture holds."""
    step = math.ceil(max(found.width, found.height) / MOST_SIDE)
    grey: list[Array] = []
    values: list[Array] = []
    for first, last in _strips(found, step):
        pixels = image.read(0, first, found.width, last)
        pixels = pixels if pixels.is_floating_point() else pixels / torch.iinfo(pixels.dtype).max
        luma = pixels.float().cpu().mul(torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0)
        some = (
            found.rows(first, last)
            if level is None
            else found.levels[level].rows(first, last, found.width)
        )
        for parts, whole in ((grey, luma), (values, some)):
            parts.append(avg_pool2d(whole[None, None], step, ceil_mode=True)[0, 0].numpy())
    return np.concatenate(grey), np.concatenate(values)


def _blend(grey: Array, values: Array, colours: Table, signed: bool) -> npt.NDArray[np.uint8]:
    """Colours over grey: (H, W, 3)."""
    amount = np.clip(np.abs(values), 0, 1)[..., None]
    # Between mid grey and white, so that the strongest colours stand out from it.
    base = (0.35 + 0.6 * grey)[..., None]
    mix = FAINT + (STRONG - FAINT) * amount
    blended = base * (1 - mix) + _coloured(values, colours, signed) * mix
    return np.asarray(np.round(blended * 255).clip(0, 255).astype(np.uint8))


def _coloured(values: Array, colours: Table, signed: bool) -> Array:
    place = ((values + 1) / 2 if signed else values).clip(0, 1)
    index = (place * (len(colours) - 1)).round().astype(np.int64)
    return np.asarray(colours[index].astype(np.float32) / 255)


@dataclass(frozen=True)
class _Frame:
    """What surrounds a picture: pixels of its margin, bar and letters."""

    margin: int
    bar: int
    letters: int

    @classmethod
    def of(cls, picture: Image) -> _Frame:
        larger = max(1.0, min(picture.size) / LARGE_SIDE)
        return cls(*(round(larger * one) for one in (MARGIN, BAR, FONT)))

    @property
    def line(self) -> int:
        """From one line of words to the next."""
        return self.letters + 6

    @cached_property
    def font(self) -> Font:
        from PIL import ImageFont

        return ImageFont.load_default(self.letters)

    def width(self, lines: Iterable[str]) -> int:
        """Of the widest of some lines."""
        return max(math.ceil(self.font.getlength(line)) for line in lines)


def _framed(
    picture: Image, found: QualityMap, level: int | None, top: float, colours: Table
) -> Image:
    """The picture with its bar and its words."""
    from PIL import Image as Pictures
    from PIL import ImageDraw

    frame = _Frame.of(picture)
    margin, lines = frame.margin, _words(found, level)
    labels = frame.width(f"{value:g}" for value in _ticks(top, found.signed))
    beside = margin + frame.bar + 6 + labels
    width = max(
        LEAST_WIDTH, margin + picture.width + beside + margin, frame.width(lines) + 2 * margin
    )
    foot = len(lines) * frame.line + margin // 2
    sheet = Pictures.new("RGB", (width, margin + picture.height + margin + foot), "white")
    sheet.paste(picture, (margin, margin))
    drawing = ImageDraw.Draw(sheet)
    left = margin + picture.width + margin
    _bar(sheet, drawing, (left, margin, picture.height), top, colours, found.signed, frame)
    for k, line in enumerate(lines):
        place = (margin, 2 * margin + picture.height + k * frame.line)
        drawing.text(place, line, fill="#1d2733", font=frame.font)
    return sheet


def _words(found: QualityMap, level: int | None) -> list[str]:
    """What the picture shows."""
    if level is None:
        levels, score = "all levels", found.score
    else:
        levels, score = level_name(level, len(found.levels)), found.levels[level].score
    return [f"{levels}, score {score:.4f}, {found.model}", found.unit]


def _ticks(top: float, signed: bool) -> list[float]:
    """Values beside the bar, from the highest."""
    # Five parts of what begins with 1 or 5, four of what begins with 2.
    parts = 4 if f"{top:e}"[0] == "2" else 5
    steps = range(parts, -parts - 1 if signed else -1, -1)
    return [round(top * step / parts, 12) for step in steps]


def _bar(
    sheet: Image,
    drawing: ImageDraw,
    place: tuple[int, int, int],
    top: float,
    colours: Table,
    signed: bool,
    frame: _Frame,
) -> None:
    """The colours as they are seen over an image of medium grey, with values beside them."""
    from PIL import Image as Pictures

    left, upper, height = place
    along = np.linspace(1, -1 if signed else 0, height, dtype=np.float32)
    grey = np.full((height, frame.bar), 0.5, np.float32)
    shades = _blend(grey, along[:, None], colours, signed)
    sheet.paste(Pictures.fromarray(shades), (left, upper))
    ticks = _ticks(top, signed)
    if height < len(ticks) * (frame.letters + 4):
        ticks = [ticks[0], *([0.0] if signed else []), ticks[-1]]
    for value in ticks:
        part = (top - value) / (2 * top if signed else top)
        y = upper + round(part * (height - 1))
        right = left + frame.bar
        drawing.line((right, y, right + 3, y), fill="#1d2733")
        drawing.text((right + 6, y), f"{value:g}", fill="#1d2733", font=frame.font, anchor="lm")
