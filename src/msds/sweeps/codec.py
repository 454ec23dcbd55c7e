"""What an encoder is: a picture and a setting become a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Raster = NDArray[np.uint8]


class Codec(ABC):
    """An encoder with one setting.

    Attributes
    ----------
    name : by which it is asked for, and by which tables call it.
    suffix : of the files it makes, with the dot.
    """

    name: str
    suffix: str

    @abstractmethod
    def described(self) -> str:
        """Who encodes, in which version and how, in words: it stands in every row of results."""

    @abstractmethod
    def encode(self, raster: Raster, quality: float) -> bytes:
        """The file that an (H, W, 3) picture in sRGB becomes at a setting.

        Several threads may call it at once.

        Raises
        ------
        InputError
            If it cannot be encoded.
        """

    def stop(self) -> None:  # noqa: B027 (most encoders have nothing to end)
        """End what other threads are encoding, where that can be done: the work is given up."""
