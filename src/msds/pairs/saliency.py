"""Which saliency map belongs to which image: by name in a folder, or by a manifest's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from msds.errors import InputError
from msds.pairs.folders import images_below
from msds.pairs.plan import Pair, Plan
from msds.text import listed, printable

COLUMNS = ("reference_saliency", "distorted_saliency")
"""Of manifests and results: the maps of the two images."""

DIGESTS = tuple(f"{name}_sha256" for name in COLUMNS)
"""Of results: digests of the files of the maps."""


def with_maps(plan: Plan, maps: Sequence[Path], roots: tuple[Path, Path]) -> Plan:
    """The plan with a saliency map for each image, by its name.

    Parameters
    ----------
    plan : without maps.
    maps : where they lie: those of the references and those of the distorted images, or one place
        for both. In a folder, the map of an image has its path but for the suffix. A file is the
        map of the only image there is.
    roots : folders that the paths of the references and of the distorted images are relative to.

    Returns
    -------
    The plan, with the maps' names as columns; a pair without one of them has a `problem`.

    Raises
    ------
    InputError
        If a place is not there, or a file is given for several images.
    """
    places = (maps[0], maps[-1])
    images = [
        {pair.reference_path for pair in plan.pairs},
        {pair.distorted_path for pair in plan.pairs},
    ]
    finders = [
        _Finder(place, root, len(of)) for place, root, of in zip(places, roots, images, strict=True)
    ]
    return _mapped(plan, [_found(pair, finders, shared=len(maps) == 1) for pair in plan.pairs])


def with_columns(plan: Plan, folder: Path) -> Plan:
    """The plan with the saliency maps that its columns name, relative to a folder.

    Raises
    ------
    InputError
        If it has no such columns.
    """
    missing = [name for name in COLUMNS if name not in plan.columns]
    if missing:
        raise InputError(
            f"There is no column {' and no column '.join(missing)}, which would name the saliency "
            f"maps; found {listed(plan.columns)}."
        )
    return _mapped(plan, [_named(pair, folder) for pair in plan.pairs])


_Found = tuple[Path, Path] | str
"""The maps of a pair, or why there are none."""


def _mapped(plan: Plan, found: Sequence[_Found]) -> Plan:
    return replace(plan, pairs=tuple(map(_with, plan.pairs, found)))


def _with(pair: Pair, found: _Found) -> Pair:
    columns = {name: value for name, value in pair.columns.items() if name not in DIGESTS}
    if isinstance(found, str):
        columns = dict.fromkeys(COLUMNS) | columns
        return replace(pair, columns=columns, problem=pair.problem or found)
    names = dict(zip(COLUMNS, map(printable, found), strict=True))
    return replace(
        pair,
        columns=names | columns,
        reference_saliency=found[0],
        distorted_saliency=found[1],
    )


def _named(pair: Pair, folder: Path) -> _Found:
    values: list[Any] = [pair.columns.get(name) for name in COLUMNS]
    for name, value in zip(COLUMNS, values, strict=True):
        if not isinstance(value, str) or not value or "\0" in value:
            return f"the column {name} names no saliency map (found {value!r})"
    return folder / values[0], folder / values[1]


def _found(pair: Pair, finders: Sequence[_Finder], *, shared: bool) -> _Found:
    images = (pair.reference_path, pair.distorted_path)
    maps = [finder.find(image) for finder, image in zip(finders, images, strict=True)]
    for found in maps:
        if isinstance(found, str):
            return found
    reference, distorted = (Path(found) for found in maps)
    if shared and reference == distorted and images[0] != images[1]:
        return (
            f"{printable(reference)} would be the saliency map of both images: give two places, "
            "the first for the references"
        )
    return reference, distorted


class _Finder:
    """Finds the map of an image in a folder, or has the one map of one image."""

    def __init__(self, place: Path, root: Path, count: int) -> None:
        if not place.exists():
            raise InputError(f"{printable(place)}: no such file or folder of saliency maps.")
        if not place.is_dir() and count > 1:
            raise InputError(
                f"{printable(place)} is one saliency map for {count} images; expected a folder of "
                "maps that are named after the images."
            )
        self._place, self._root = place, root
        self._maps: dict[PurePosixPath, list[Path]] = {}
        for path in images_below(place)[0] if place.is_dir() else ():
            relative = PurePosixPath(path.relative_to(place).as_posix())
            self._maps.setdefault(relative.with_suffix(""), []).append(path)

    def find(self, image: Path) -> Path | str:
        """The map of an image, or why there is none."""
        if not self._place.is_dir():
            return self._place
        inside = image.is_relative_to(self._root)
        relative = PurePosixPath(image.relative_to(self._root).as_posix() if inside else image.name)
        maps = self._maps.get(relative.with_suffix(""), [])
        same = [path for path in maps if path.suffix.lower() == relative.suffix.lower()]
        if len(same or maps) == 1:
            return (same or maps)[0]
        if maps:
            return f"{printable(image)} could have the maps {' or '.join(map(printable, maps))}"
        wanted = printable(str(relative.with_suffix("")))
        return f"{printable(self._place)} holds no saliency map of it, called {wanted}.*"
