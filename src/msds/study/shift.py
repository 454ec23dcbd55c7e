"""Robustness to changes of geometry: how bad does a metric think they are?

Scores of different metrics are on different scales, so each change is expressed as the white noise
that the same metric likes as little on the same photograph: "turning by one degree is as bad as
noise of deviation 12". A robust metric gives small numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from msds.errors import InputError
from msds.images import Image, load_image
from msds.scoring.contenders import Contender
from msds.study.measuring import Progress
from msds.study.statistics import Array
from msds.study.warps import WARPS, noise, window

NOISES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Deviations of the yardstick's noise, in steps of 1/255."""

Step = tuple[str, float]
"""A change and its strength."""


@dataclass(frozen=True)
class ShiftStudy:
    """Equivalent noise of every change, strength, metric and photograph.

    Attributes
    ----------
    photographs : their names.
    equivalent : by metric, change and strength: (photographs,) deviations of white noise with the
        same score; inf where even the strongest noise is liked better, nan where a metric cannot
        compare images of different sizes.
    scores : by metric, change and strength: (photographs,) scores.
    """

    photographs: tuple[str, ...]
    equivalent: dict[str, dict[Step, Array]]
    scores: dict[str, dict[Step, Array]]


@dataclass(frozen=True)
class _Versions:
    """A photograph's window as it is, with the yardstick's noise, and after every change."""

    reference: Image
    noisy: list[Image]
    changed: dict[Step, Image]

    @classmethod
    def of(cls, path: Path, steps: Sequence[Step], seed: int) -> _Versions:
        """Those of one photograph; what is random is drawn by the seed."""
        pixels = load_image(path).pixels

        def image(made: Tensor) -> Image:
            return Image(made, (), path.name)

        return cls(
            image(window(pixels)),
            [image(noise(pixels, deviation, seed)) for deviation in NOISES],
            {
                (name, strength): image(WARPS[name][0](pixels, strength, seed))
                for name, strength in steps
            },
        )


def study_shift(
    photographs: Sequence[Path],
    contenders: Sequence[Contender],
    warps: Sequence[str] = tuple(WARPS),
    progress: Progress | None = None,
) -> ShiftStudy:
    """Compare every photograph with its changed versions.

    Raises
    ------
    InputError
        For no photographs, or an unknown change.
    """
    unknown = [name for name in warps if name not in WARPS]
    if unknown or not photographs:
        raise InputError(
            f"Unknown change {unknown[0]!r}: expected one of {', '.join(WARPS)}."
            if unknown
            else "A study of robustness needs at least one photograph."
        )
    steps: list[Step] = [(name, strength) for name in warps for strength in WARPS[name][2]]
    shape = len(photographs)
    scores = {c.name: {step: np.full(shape, math.nan) for step in steps} for c in contenders}
    equivalent = {c.name: {step: np.full(shape, math.nan) for step in steps} for c in contenders}
    for row, path in enumerate(photographs):
        versions = _Versions.of(path, steps, row)
        for contender in contenders:
            prepared = contender.prepare(versions.reference)
            yardstick = np.array([_score(contender, prepared, image) for image in versions.noisy])
            for step, image in versions.changed.items():
                try:
                    value = _score(contender, prepared, image)
                except InputError:
                    if image.pixels.shape == versions.reference.pixels.shape:
                        raise
                    continue  # this metric needs images of one size: the cell stays empty
                scores[contender.name][step][row] = value
                equivalent[contender.name][step][row] = equivalent_noise(value, yardstick)
        if progress is not None:
            progress("photographs", row + 1, shape)
    return ShiftStudy(tuple(path.name for path in photographs), equivalent, scores)


def _score(contender: Contender, prepared: object, image: Image) -> float:
    numbers = contender.compare(prepared, contender.prepare(image))
    return float(contender.fuse(np.array([numbers]))[0])


def equivalent_noise(score: float, yardstick: Array) -> float:
    """Deviation of the noise with this score, between the yardstick's steps by interpolation."""
    # Noise may by chance be liked a little better than weaker noise.
    falling = np.minimum.accumulate(yardstick)
    if score >= falling[0]:
        return 0.0
    if score < falling[-1]:
        return math.inf
    return float(np.interp(-score, -falling, np.array(NOISES)))
