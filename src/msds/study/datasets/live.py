"""LIVE release 2: five distortion folders of numbered images, scores in MATLAB files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from msds.errors import InputError, require
from msds.study.datasets.base import Listing
from msds.study.datasets.files import Folder, need_file, need_folder, text_lines

# The order of the 982 scores in the MATLAB files.
FOLDERS = (("jp2k", 227), ("jpeg", 233), ("wn", 174), ("gblur", 174), ("fastfading", 174))
TOTAL = sum(count for _, count in FOLDERS)


def _matlab(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = require("scipy.io", "study").loadmat(path)
    return loaded


def _variable(content: dict[str, Any], name: str, path: Path) -> np.ndarray[Any, Any]:
    if name not in content:
        raise InputError(f"{path}: there is no variable {name} in it.")
    values = np.ravel(content[name])
    if values.size != TOTAL:
        raise InputError(f"{path}: {name} has {values.size} entries, LIVE release 2 has {TOTAL}.")
    return values


def _reference_names(root: Path) -> list[str] | None:
    path = Folder(root).find("refnames_all.mat")
    if path is None:
        return None
    names = _variable(_matlab(path), "refnames_all", path)
    return [str(np.ravel(name)[0]) for name in names]


def _info(folder: Path) -> dict[str, str]:
    """info.txt: reference, distorted image and bit rate or strength on each line."""
    path = Folder(folder).find("info.txt")
    if path is None:
        return {}
    table = {}
    for line, where in text_lines(path):
        fields = line.split()
        if len(fields) < 2:
            raise InputError(f"{where}: expected a reference and an image, found {line!r}.")
        table[fields[1].lower()] = fields[0]
    return table


def _scores(root: Path) -> tuple[Path, str]:
    """The file of scores and the name of its variable: the realigned ones where they are."""
    files = Folder(root)
    if (path := files.find("dmos_realigned.mat")) is not None:
        return path, "dmos_new"
    if (path := files.find("dmos.mat")) is not None:
        return path, "dmos"
    return need_file(root, "dmos_realigned.mat"), "dmos_new"  # says what is missing


@dataclass(frozen=True)
class _Tables:
    """What the MATLAB files say of each of the 982 images, in their order.

    Attributes
    ----------
    variable : where the scores stood, "dmos_new" or "dmos".
    copies : whether it is an undistorted copy of its reference.
    spread, references : None where nobody says.
    """

    variable: str
    scores: np.ndarray[Any, Any]
    copies: np.ndarray[Any, Any]
    spread: np.ndarray[Any, Any] | None
    references: list[str] | None

    @classmethod
    def of(cls, root: Path) -> _Tables:
        """Those of a folder."""
        path, variable = _scores(root)
        content = _matlab(path)
        return cls(
            variable,
            _variable(content, variable, path),
            _variable(content, "orgs", path).astype(bool),
            _variable(content, "dmos_std", path) if "dmos_std" in content else None,
            _reference_names(root),
        )


def read(root: Path) -> Listing:
    """Pairs with realigned DMOS; the 203 undistorted copies of references are left out.

    Where only the older `dmos.mat` is there, its DMOS are taken, and a note says so.
    """
    tables = _Tables.of(root)
    references = Folder(need_folder(root, "refimgs"))
    listing = Listing()
    _note_what_is_older(listing, tables)
    position = 0
    for name, count in FOLDERS:
        folder = need_folder(root, name)
        images, info = Folder(folder), _info(folder)
        if not info and tables.references is None:
            raise InputError(
                f"{folder}: neither info.txt nor refnames_all.mat says which reference belongs "
                "to which image."
            )
        for image in (f"img{index}.bmp" for index in range(1, count + 1)):
            listed = tables.references[position] if tables.references is not None else None
            reference = _agreed(folder, image, info.get(image), listed)
            if not tables.copies[position]:
                listing.add(
                    references.find_or_name(reference),
                    images.find_or_name(image),
                    float(tables.scores[position]),
                    reference.lower(),
                    name,
                    deviation=float(tables.spread[position]) if tables.spread is not None else None,
                )
            position += 1
    return listing


def _note_what_is_older(listing: Listing, tables: _Tables) -> None:
    if tables.variable == "dmos":
        listing.opinion_name = "DMOS, not realigned"
        listing.notes.append(
            "dmos_realigned.mat is missing: opinions are those of dmos.mat, which are not realigned"
        )
    if tables.references is None:
        listing.notes.append("refnames_all.mat is missing: references were taken from info.txt")


def _agreed(folder: Path, image: str, told: str | None, listed: str | None) -> str:
    """The reference of an image by info.txt and by refnames_all.mat, which must agree."""
    found = listed if listed is not None else told
    if found is None:
        raise InputError(f"{folder / 'info.txt'}: {image} is not in it.")
    if told is not None and told.lower() != found.lower():
        raise InputError(
            f"{folder / 'info.txt'}: {image} belongs to {told}, but refnames_all.mat says {found}."
        )
    return found
