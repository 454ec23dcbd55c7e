"""Retargeted images: MIT RetargetMe as its authors distribute it, and CUHK's set as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from msds.errors import InputError, require
from msds.study.datasets.base import Listing
from msds.study.datasets.files import Folder, need_file, subfolder
from msds.study.datasets.parts import TABLE, read_table

# What the files call an operator, in the order of the columns of votes.
OPERATORS = {
    "cr": "cropping",
    "sv": "streaming video",
    "multiop": "multi-operator",
    "sc": "seam carving",
    "scl": "scaling",
    "sm": "shift map",
    "sns": "scale and stretch",
    "warp": "warping",
}


def _votes(path: Path) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Names, <image>_<ratio>, and how often each operator was favoured on each of them."""
    content = require("scipy.io", "study").loadmat(path, struct_as_record=False, squeeze_me=True)
    found = content.get("subjData")
    names = [str(name) for name in np.ravel(getattr(found, "datasetNames", []))]
    votes = np.atleast_2d(np.asarray(getattr(found, "data", []), dtype=np.float64))
    if not names or votes.shape != (len(names), len(OPERATORS)):
        raise InputError(
            f"{path}: expected a struct subjData with datasetNames and as many rows of "
            f"{len(OPERATORS)} numbers in data; found {len(names)} names and data of shape "
            f"{votes.shape}."
        )
    return names, votes


def read_retargetme(root: Path) -> Listing:
    """MIT RetargetMe: how often a result was favoured over another of the same image.

    A folder for each image holds `<image>.png` and `<image>_<ratio>_<operator>.png`; the votes of
    people who saw the source are in `subjData-ref_37.mat`. Votes compare results of one image, and
    every image has as many of them.
    """
    names, votes = _votes(need_file(root, "subjData-ref_37.mat", "subjData-ref.mat"))
    listing = Listing()
    for name, row in zip(names, votes, strict=True):
        image = name.rpartition("_")[0]
        inside = subfolder(root, image)
        files = Folder(inside) if inside is not None else None

        def place(file: str, image: str = image, files: Folder | None = files) -> Path | str:
            return f"{image}/{file}" if files is None else files.find_or_name(file)

        reference = place(f"{image}.png")
        for (code, operator), count in zip(OPERATORS.items(), row, strict=True):
            result = place(f"{name}_{code}.png")
            listing.add(reference, result, float(count), image.lower(), operator)
    return listing


def read_cuhk(root: Path) -> Listing:
    """CUHK's retargeting set from a table: MOS in 0..100, higher is better.

    How its authors' archive is laid out could not be verified, so it is not guessed: `pairs.csv` in
    the folder names the 171 pairs (reference, distorted, mos, and distortion for the operator).
    """
    if Folder(root).find(TABLE) is None:
        raise InputError(
            f"{root}: there is no {TABLE} in it; write one with the columns reference, distorted, "
            "mos and distortion (the operator), a row for each of the 171 retargeted images."
        )
    return read_table(root, "mos", True)
