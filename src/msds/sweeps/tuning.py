"""The cheapest setting of an encoder that is good enough, or the best that is small enough.

from msds.sweeps import tune

tuned = tune("photo.png", lambda picture, q: my_encoder(picture, quality=q), 0.97)
tuned.setting, tuned.score, tuned.bytes
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msds.errors import InputError
from msds.scoring.inputs import Reading
from msds.sweeps.pictures import raster_of

if TYPE_CHECKING:
    from msds.images.loading import Source
    from msds.metric.modules import MSDS
    from msds.sweeps.codec import Raster

    Encode = Callable[[Raster, float], bytes]
    Scored = Callable[[bytes], float]

NEIGHBOURS = 2
"""Settings next to the one found that are looked at: a curve need not rise with every step."""

SETTINGS = range(1, 101)


@dataclass(frozen=True)
class Trial:
    """A setting that was tried.

    Attributes
    ----------
    setting : as the encoder was given it.
    data : the file.
    score : against the image.
    """

    setting: float
    data: bytes
    score: float

    @property
    def bytes(self) -> int:
        """Of the file."""
        return len(self.data)


@dataclass(frozen=True)
class Tuned(Trial):
    """The setting that was chosen.

    Attributes
    ----------
    reached : whether it is what was asked for; otherwise it is what comes closest.
    tried : all settings that were tried, in their order.
    """

    reached: bool
    tried: tuple[Trial, ...]


def tune(
    image: Source,
    encode: Encode,
    target: float | None = None,
    *,
    max_bytes: int | None = None,
    settings: Sequence[float] = SETTINGS,
    metric: MSDS | None = None,
    reading: Reading | None = None,
) -> Tuned:
    """Choose an encoder's setting for one image.

    With a target, the fewest bytes whose score reaches it; with a limit of bytes, the best score
    within it; with both, the first if it keeps to the second, else the second. It bisects, which
    supposes that bytes and scores rise with the settings, and then looks at the neighbours of what
    it found, since they need not at every step.

    Parameters
    ----------
    image : a path, or anything `msds.load_image` takes.
    encode : from an (H, W, 3) uint8 picture and a setting to the bytes of a file that
        `msds.load_image` reads.
    target : score to be reached.
    max_bytes : of the file.
    settings : to choose from, from the poorest to the best.
    metric : the model; `msds.load_model()` by default.
    reading : how the image becomes pixels.

    Raises
    ------
    InputError
        If neither is asked for, there is nothing to choose from, or the image cannot be read.
    """
    from msds.models import load_model

    reading = reading or Reading()
    model = load_model() if metric is None else metric
    loaded = reading.load(image)
    prepared = model.encode(loaded.pixels[None].to(model.trunk.device))

    def scored(data: bytes) -> float:
        pixels = reading.load(data).pixels[None].to(model.trunk.device)
        return float(model.compare(prepared, model.encode(pixels)))

    return search(raster_of(loaded), encode, scored, settings, target, max_bytes)


def search(
    picture: Raster,
    encode: Encode,
    scored: Scored,
    settings: Sequence[float],
    target: float | None,
    max_bytes: int | None,
) -> Tuned:
    """`tune` for a picture that is prepared: `scored` gives the score of a file."""
    if target is None and max_bytes is None:
        raise InputError("Nothing was asked for: give a target score, a limit of bytes, or both.")
    if not settings:
        raise InputError("There are no settings to choose from.")
    tries = _Tries(picture, encode, scored, settings)
    found: Trial | None = None
    if target is not None:
        found = _cheapest(tries, target)
    within = found is not None and (max_bytes is None or found.bytes <= max_bytes)
    if max_bytes is not None and not within:
        best = _best(tries, max_bytes)
        reached = best is not None and (target is None or best.score >= target)
        return tries.chosen(best or tries.smallest(), reached)
    return tries.chosen(found or tries.nearest(), found is not None)


class _Tries:
    """Settings by their place, each encoded and scored once."""

    def __init__(
        self, picture: Raster, encode: Encode, scored: Scored, settings: Sequence[float]
    ) -> None:
        self._picture, self._encode, self._scored = picture, encode, scored
        self._settings = settings
        self._tried: dict[int, Trial] = {}

    def __len__(self) -> int:
        return len(self._settings)

    def __call__(self, place: int) -> Trial:
        if place not in self._tried:
            setting = self._settings[place]
            data = self._encode(self._picture, setting)
            self._tried[place] = Trial(setting, data, self._scored(data))
        return self._tried[place]

    @property
    def all(self) -> Iterable[Trial]:
        return self._tried.values()

    def smallest(self) -> Trial:
        """Of what was tried."""
        return min(self.all, key=lambda one: (one.bytes, -one.score))

    def nearest(self) -> Trial:
        """The best score of what was tried."""
        return max(self.all, key=lambda one: (one.score, -one.bytes))

    def chosen(self, one: Trial, reached: bool) -> Tuned:
        tried = tuple(self._tried[place] for place in sorted(self._tried))
        return Tuned(one.setting, one.data, one.score, reached, tried)


def _cheapest(tries: _Tries, target: float) -> Trial | None:
    """The fewest bytes that reach a score, of what was tried; None if nothing does."""
    last = len(tries) - 1
    place = _boundary(tries, lambda one: one.score >= target, range(last, -1, -1))
    if place is None:
        return None
    for near in range(place + 1, min(place + NEIGHBOURS, last) + 1):
        tries(near)  # may be smaller, and as good
    good = [one for one in tries.all if one.score >= target]
    return min(good, key=lambda one: (one.bytes, -one.score))


def _best(tries: _Tries, max_bytes: int) -> Trial | None:
    """The best score within a limit of bytes, of what was tried; None if nothing is."""
    place = _boundary(tries, lambda one: one.bytes <= max_bytes, range(len(tries)))
    if place is None:
        return None
    for near in range(max(0, place - NEIGHBOURS), place):
        tries(near)  # may be better, and as small
    small = [one for one in tries.all if one.bytes <= max_bytes]
    return max(small, key=lambda one: (one.score, -one.bytes))


def _boundary(tries: _Tries, holds: Callable[[Trial], bool], places: range) -> int | None:
    """The last of the places, from the safest on, at which something holds; None if nowhere.

    Bisection, and then the neighbours beyond what it found, as long as it holds at one of them.
    """
    safe = next(
        (k for k in range(min(NEIGHBOURS + 1, len(places))) if holds(tries(places[k]))), None
    )
    if safe is None:
        return None
    beyond = len(places)
    while beyond - safe > 1:
        middle = (safe + beyond) // 2
        if holds(tries(places[middle])):
            safe = middle
        else:
            beyond = middle
    while True:
        ahead = range(safe + 1, min(safe + NEIGHBOURS, len(places) - 1) + 1)
        further = [k for k in ahead if holds(tries(places[k]))]
        if not further:
            return places[safe]
        safe = further[-1]
