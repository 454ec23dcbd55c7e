"""How the samples of a clip are coded: matrix, range, primaries and transfer, by ITU-T H.273."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

UNSTATED = 2
"""Code point of H.273 for what is not said."""

RGB_MATRIX, YCGCO_MATRIX = 0, 8

BT709_MATRIX, BT601_MATRIX = 1, 6

LUMA: dict[int, tuple[float, float]] = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC 73.682
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, not of constant luminance
}
"""Shares of red and blue in luma, KR and KB, by the matrix's code point (H.273, table 4)."""

_LIMITED, _FULL = 1, 2


@dataclass(frozen=True)
class Coding:
    """What a clip or a frame says of its colour; what it does not say is `UNSTATED` or None.

    Attributes
    ----------
    matrix, primaries, transfer : code points of H.273.
    full : whether samples use the full range of their type.
    """

    matrix: int = UNSTATED
    full: bool | None = None
    primaries: int = UNSTATED
    transfer: int = UNSTATED

    @classmethod
    def stated(cls, source: object) -> Coding:
        """Of a frame or a codec of PyAV."""
        code = {
            name: int(getattr(source, attribute, None) or 0)
            for name, attribute in (
                ("matrix", "colorspace"),
                ("range", "color_range"),
                ("primaries", "color_primaries"),
                ("transfer", "color_trc"),
            )
        }
        full = {_LIMITED: False, _FULL: True}.get(code["range"])
        primaries, transfer = code["primaries"] or UNSTATED, code["transfer"] or UNSTATED
        return cls(code["matrix"], full, primaries, transfer)

    def over(self, assumed: Coding) -> Coding:
        """The same, where it says nothing as `assumed` says."""
        return Coding(
            assumed.matrix if self.matrix == UNSTATED else self.matrix,
            assumed.full if self.full is None else self.full,
            assumed.primaries if self.primaries == UNSTATED else self.primaries,
            assumed.transfer if self.transfer == UNSTATED else self.transfer,
        )

    def settled(self, width: int, height: int) -> Coding:
        """The same with a matrix.

        A clip that does not say its matrix is taken for BT.709 from 1280 columns or 577 rows on,
        and for BT.601 below, as players do. Where a range is not said, luma and chroma are taken
        for limited, RGB for full.
        """
        large = width >= 1280 or height > 576
        usual = BT709_MATRIX if large else BT601_MATRIX
        matrix = usual if self.matrix == UNSTATED else self.matrix
        return replace(self, matrix=matrix)


def scaled(samples: Tensor, bits: int, *, full: bool, chroma: bool = False) -> Tensor:
    """Codes of so many bits as numbers: luma and RGB in [0, 1], chroma around 0.

    Parameters
    ----------
    samples : float32 of integer codes.
    full : whether they use the whole range; else that of BT.601, BT.709 and BT.2020, in which
        8-bit luma runs from 16 to 235, chroma from 16 to 240.
    """
    if full:
        most = float(2**bits - 1)
        return (samples - float(2 ** (bits - 1))) / most if chroma else samples / most
    unit = 2.0 ** (bits - 8)
    return (samples - 128 * unit) / (224 * unit) if chroma else (samples - 16 * unit) / (219 * unit)


def to_rgb(luma: Tensor, blue: Tensor, red: Tensor, matrix: int) -> Tensor:
    """Non-linear RGB (3, H, W) of luma in [0, 1] and colour differences in [-0.5, 0.5].

    Parameters
    ----------
    luma, blue, red : (H, W) each: Y', Cb and Cr, or Y, Cg and Co of the matrix YCgCo.
    matrix : one of `LUMA`, or `YCGCO_MATRIX`.
    """
    if matrix == YCGCO_MATRIX:
        rest = luma - blue
        return torch.stack((rest + red, luma + blue, rest - red))
    k_red, k_blue = LUMA[matrix]
    k_green = 1 - k_red - k_blue
    r = luma + 2 * (1 - k_red) * red
    b = luma + 2 * (1 - k_blue) * blue
    g = (
        luma
        - (2 * k_blue * (1 - k_blue) / k_green) * blue
        - (2 * k_red * (1 - k_red) / k_green) * red
    )
    return torch.stack((r, g, b))
