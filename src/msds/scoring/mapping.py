"""Maps of the pairs of a run: pictures of those that fell short, and a note on moved parts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msds.errors import InputError
from msds.metric.maps import position_note
from msds.metric.maps.local import WINDOW
from msds.metric.maps.position import knows_places
from msds.pairs import Pair, Plan
from msds.report.maps import write_map
from msds.results import Score
from msds.scoring.inputs import Reading
from msds.scoring.maps import SUFFIX, mapped, open_images
from msds.text import printable

if TYPE_CHECKING:
    from msds.metric.modules import MSDS


@dataclass(frozen=True)
class Maps:
    """Which pairs of a run get a map, and what becomes of it.

    Attributes
    ----------
    folder : where pictures are written, named after the distorted images: `photo.jpg.map.png`.
    below : pictures only of pairs with a lower score; of all if not given.
    check : whether every pair is looked at, drawn or not, for parts that are alike but not in the
        same places. Pairs that are drawn are in any case.
    """

    folder: Path | None = None
    below: float | None = None
    check: bool = False

    def draws(self, score: Score) -> bool:
        """Whether a pair is to have a picture."""
        if self.folder is None or score.score is None or score.size_difference:
            return False
        return self.below is None or score.score < self.below


class Mapper:
    """Makes the maps of a run as its scores come.

    Parameters
    ----------
    maps, plan : which maps, of which pairs.
    metric, reading : what the run scores with, and how it reads images.

    Attributes
    ----------
    written : the pictures, in the order in which they were made.

    Raises
    ------
    InputError
        If a picture would replace an image of the plan; if pairs are to be checked, and nobody
        has measured how to tell with this metric whether parts have moved.
    """

    def __init__(self, maps: Maps, plan: Plan, metric: MSDS, reading: Reading) -> None:
        self._maps, self._plan, self._metric, self._reading = maps, plan, metric, reading
        self._names = picture_names(plan.pairs)
        self.written: list[Path] = []
        if maps.folder is not None:
            self._refuse_overwriting(maps.folder)
        if maps.check and not knows_places(metric.trunk.name, metric.levels):
            raise InputError(
                f"Whether parts have moved cannot be told with {metric.model_id}: no limit was "
                "measured for it (docs/maps.md has those that were)."
            )

    def add(self, row: int, score: Score) -> Score:
        """Make the map of a pair if it is to have one; returns the record with what it says."""
        draws = self._maps.draws(score)
        checks = self._maps.check and score.score is not None and not score.size_difference
        note = self._map(row, draws) if draws or checks else None
        return score if note is None else replace(score, notes=(*score.notes, note))

    def add_kept(self, scores: Mapping[int, Score]) -> None:
        """Make the pictures of pairs of an earlier run that are missing; their records stay."""
        for row, score in scores.items():
            if self._maps.draws(score) and not self._picture(row).exists():
                self._map(row, True)

    def _map(self, row: int, draws: bool) -> str | None:
        """Make the map of a pair; returns what its record is to say."""
        pair = self._plan.pairs[row]
        paths = pair.reference_path, pair.distorted_path
        try:
            with open_images(*paths, reading=self._reading) as images:
                found = mapped(self._metric, images, paths, "local", WINDOW)
                if draws:
                    self.written += write_map(self._picture(row), found, images[1])
        except InputError as error:  # the files may have changed since they were scored
            return f"no map: {str(error).rstrip('.')}"
        return position_note(found)

    def _picture(self, row: int) -> Path:
        return Path(self._maps.folder or "", self._names[row])

    def _refuse_overwriting(self, folder: Path) -> None:
        read = {os.path.realpath(p.distorted_path) for p in self._plan.pairs}
        read |= {os.path.realpath(p.reference_path) for p in self._plan.pairs}
        for name in self._names:
            if os.path.realpath(folder / name) in read:
                raise InputError(
                    f"{printable(folder / name)}: a map would replace an image that is read; give "
                    "another folder."
                )


def picture_names(pairs: tuple[Pair, ...]) -> list[PurePosixPath]:
    """For each pair the path of its picture in the folder of the maps.

    It is that of the distorted image below the folder that all of them share, so that nothing is
    written elsewhere. Where one image is compared with several references, the second picture is
    `photo.jpg.map-2.png`, and so on.
    """
    if not pairs:
        return []
    paths = [Path(os.path.realpath(pair.distorted_path)) for pair in pairs]
    shared = Path(os.path.commonpath([path.parent for path in paths]))
    return list(_numbered(path.relative_to(shared).as_posix() for path in paths))


def _numbered(names: Iterator[str]) -> Iterator[PurePosixPath]:
    seen: Counter[str] = Counter()
    stem, dot, suffix = SUFFIX.rpartition(".")
    for name in names:
        seen[name] += 1
        number = f"-{seen[name]}" if seen[name] > 1 else ""
        yield PurePosixPath(f"{name}{stem}{number}{dot}{suffix}")
