"""Pictures for pages: an encoding is made again, since a sweep keeps no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import PIL.Image

from msds.errors import InputError
from msds.report.pictures import data_uri, webp, within
from msds.scoring.inputs import Reading
from msds.sweeps.pictures import encoded, raster_of
from msds.sweeps.plan import Cell, SweepPlan

if TYPE_CHECKING:
    from msds.images import Image
    from msds.sweeps.points import Point

LONGEST = 1024
"""Side of a picture, in pixels; larger ones are reduced."""


class EncodedAgain:
    """Makes the pictures of points of a sweep.

    Parameters
    ----------
    plan : of the sweep.
    reading : how files became pixels.
    """

    def __init__(self, plan: SweepPlan, reading: Reading) -> None:
        self._cells = {(c.source.name, c.codec.name, float(c.quality)): c for c in plan.cells}
        self._reading = reading

    def has(self, point: Point) -> bool:
        """Whether a point is of this sweep."""
        return self._cell(point) is not None

    def _cell(self, point: Point) -> Cell | None:
        return self._cells.get((point.image, point.codec, float(point.quality or 0)))

    def __call__(self, point: Point) -> str:
        """A point's picture as a data URI.

        Raises
        ------
        InputError
            If it is not of this sweep, or cannot be made any more.
        """
        cell = self._cell(point)
        if cell is None:
            raise InputError(f"{point.distorted} is not of this sweep.")
        raster = raster_of(self._reading.load(cell.source.path))
        made = encoded(raster, cell.codec, cell.quality, self._reading, cell.distorted)
        return picture_of(made.image)


def picture_of(image: Image) -> str:
    """An image as a data URI, made smaller where it is large."""
    picture = within(PIL.Image.fromarray(raster_of(image)), LONGEST)
    return data_uri(webp(picture, quality=95))
