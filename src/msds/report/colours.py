"""Colours for values: even steps look even, and every step up is a step lighter.

The tables are computed here: paths through OKLCH (Björn Ottosson's cylindrical Oklab, 2020), walked
in steps of equal length, with the chroma that sRGB allows. A test compares their steps with those
of matplotlib's colour maps, by CIEDE2000.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Table = npt.NDArray[np.uint8]

STEPS = 256
_FINE = 2048

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@lru_cache(maxsize=2)
def table(signed: bool = False) -> Table:
    """(256, 3) colours, from nothing (violet) to most (yellow).

    Parameters
    ----------
    signed : blue for values below zero, red for those above, pale at zero, instead.
    """
    if signed:
        below, above = _half(255.0, 235.0), _half(50.0, 25.0)
        return np.concatenate([below[::-1], above])
    along = np.linspace(0, 1, _FINE)
    path = _path(0.28 + 0.65 * along, 0.20 - 0.03 * along, 285 + 180 * along)
    return _bytes(_even(path, STEPS))


def _half(strong: float, pale: float) -> Table:
    """From nearly white to a strong colour, at hues in degrees: STEPS / 2 colours."""
    along = np.linspace(0, 1, _FINE)
    path = _path(0.97 - 0.55 * along, 0.005 + 0.18 * along, pale + (strong - pale) * along)
    return _bytes(_even(path, STEPS // 2))


def _path(lightness: Array, chroma: Array, hue: Array) -> Array:
    """(n, 3) Oklab values at hues in degrees, each with as much of its chroma as sRGB has."""
    angle = np.deg2rad(hue)
    low, high = np.zeros_like(chroma), chroma.copy()
    for _ in range(20):
        middle = (low + high) / 2
        inside = _in_gamut(_lab(lightness, middle, angle))
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    # Where the limit of sRGB bends, the path shall not.
    width = _FINE // 16
    padded = np.pad(low, width, mode="edge")
    smooth = np.convolve(padded, np.full(2 * width + 1, 1 / (2 * width + 1)), mode="valid")
    return _lab(lightness, np.minimum(low, smooth), angle)


def _lab(lightness: Array, chroma: Array, angle: Array) -> Array:
    return np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], 1)


def _linear(lab: Array) -> Array:
    """Linear sRGB of Oklab values."""
    lms = np.linalg.solve(_TO_LAB, lab.T) ** 3
    return np.asarray(np.linalg.solve(_TO_LMS, lms).T)


def _in_gamut(lab: Array) -> npt.NDArray[np.bool_]:
    linear = _linear(lab)
    return np.asarray(((linear >= 0) & (linear <= 1)).all(1))


def _even(lab: Array, steps: int) -> Array:
    """The same path in steps of equal length."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    wanted = np.linspace(0, length[-1], steps)
    return np.stack([np.interp(wanted, length, lab[:, k]) for k in range(3)], 1)


def _bytes(lab: Array) -> Table:
    """8-bit sRGB of Oklab values."""
    linear = np.clip(_linear(lab), 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255).astype(np.uint8)
