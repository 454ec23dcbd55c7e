"""LIVE release 2: five distortion folders of numbered images, scores in MATLAB files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from msds.errors import InputError, require
from msds.study.datasets.base import Folder, Listing, RatedPair, need_file, need_folder, text_lines

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


def read(root: Path) -> Listing:
    """Pairs with realigned DMOS; the 203 undistorted copies of references are left out.

    Where only the older `dmos.mat` is there, its DMOS are taken, and a note says so.
    """
    scores_path, variable = _scores(root)
    content = _matlab(scores_path)
    scores = _variable(content, variable, scores_path)
    copies = _variable(content, "orgs", scores_path).astype(bool)
    spread = _variable(content, "dmos_std", scores_path) if "dmos_std" in content else None
    listed = _reference_names(root)
    references = Folder(need_folder(root, "refimgs"))
    listing = Listing()
    if variable == "dmos":
        listing.opinion_name = "DMOS, not realigned"
        listing.notes.append(
            "dmos_realigned.mat is missing: opinions are those of dmos.mat, which are not realigned"
        )
    if listed is None:
        listing.notes.append("refnames_all.mat is missing: references were taken from info.txt")
    position = 0
    for name, count in FOLDERS:
        folder = need_folder(root, name)
        images, info = Folder(folder), _info(folder)
        if not info and listed is None:
            raise InputError(
                f"{folder}: neither info.txt nor refnames_all.mat says which reference belongs "
                "to which image."
            )
        for index in range(count):
            image = f"img{index + 1}.bmp"
            told = info.get(image)
            reference_name = listed[position] if listed is not None else told
            if reference_name is None:
                raise InputError(f"{folder / 'info.txt'}: {image} is not in it.")
            if told is not None and told.lower() != reference_name.lower():
                raise InputError(
                    f"{folder / 'info.txt'}: {image} belongs to {told}, "
                    f"but refnames_all.mat says {reference_name}."
                )
            if not copies[position]:
                reference = references.find_or_name(reference_name)
                distorted = images.find_or_name(image)
                listing.add(
                    reference,
                    distorted,
                    RatedPair(
                        Path(reference),
                        Path(distorted),
                        float(scores[position]),
                        reference_name.lower(),
                        name,
                        deviation=float(spread[position]) if spread is not None else None,
                    ),
                )
            position += 1
    return listing
