"""Which levels of an image are encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from msds.errors import InputError
from msds.method.pyramid import check_settings, minimum_side, possible_levels

Small: TypeAlias = Literal["error", "fewer-levels"]
SMALL: tuple[Small, ...] = get_args(Small)


@dataclass(frozen=True)
class Levels:
    """The pyramid whose levels are encoded.

    Attributes
    ----------
    count : how many levels, level 1 being the image itself.
    filter : a key of `msds.method.pyramid.FILTERS`.
    small : "error" for images too small for all levels, or "fewer-levels" for those they have.

    Raises
    ------
    InputError
        If one of them is not allowed.
    """

    count: int = 4
    filter: str = "average"
    small: str = "error"

    def __post_init__(self) -> None:
        check_settings(self.count, self.filter)
        if self.small not in SMALL:
            raise InputError(f"Unknown small {self.small!r}: expected {' or '.join(SMALL)}.")

    def of(self, height: int, width: int, stride: int) -> int:
        """How many levels an image of this size has with a trunk of this stride.

        Raises
        ------
        InputError
            If they are too few.
        """
        possible = possible_levels(height, width, stride)
        if possible >= self.count:
            return self.count
        if possible and self.small != "error":
            return possible
        needed = self.count if self.small == "error" else 1
        least = minimum_side(needed, stride)
        advice = (
            f", or small='fewer-levels' (--small fewer-levels) to score it with {possible}"
            if possible and self.count > 1
            else ""
        )
        raise InputError(
            f"An image of {width} x {height} pixels is too small: {needed} level"
            f"{'s need' if needed > 1 else ' needs'} at least {least} x {least}{advice}."
        )
