"""KADID-10k: one folder of images and dmos.csv."""

from __future__ import annotations

import csv
from pathlib import Path

from msds.errors import InputError
from msds.study.datasets.base import Folder, Listing, RatedPair, need_file, need_folder, number

# Lin, Hosu and Saupe, "KADID-10k: A Large-scale Artificially Distorted IQA Database", 2019.
DISTORTIONS = (
    "Gaussian blur",
    "lens blur",
    "motion blur",
    "colour diffusion",
    "colour shift",
    "colour quantisation",
    "colour saturation 1",
    "colour saturation 2",
    "JPEG 2000",
    "JPEG",
    "white noise",
    "white noise in colour component",
    "impulse noise",
    "multiplicative noise",
    "denoising",
    "brightening",
    "darkening",
    "mean shift",
    "jitter",
    "non-eccentricity patch",
    "pixelation",
    "quantisation",
    "colour block",
    "high sharpening",
    "contrast change",
)

_COLUMNS = ("dist_img", "ref_img", "dmos")


def distortion_name(digits: str) -> str:
    """Name of a type, "01 Gaussian blur"; the digits alone if it is unknown."""
    known = digits.isdecimal() and 1 <= int(digits) <= len(DISTORTIONS)
    return f"{digits} {DISTORTIONS[int(digits) - 1]}" if known else digits


def read(root: Path) -> Listing:
    """Pairs with a mean rating in 1..5: the column is called dmos, yet higher is better.

    The column called var holds standard deviations: a mean of 1.1 over 30 ratings of 1 and 2 has
    a variance of 0.09, and the table says 0.3.
    """
    path = need_file(root, "dmos.csv")
    images = Folder(need_folder(root, "images"))
    listing = Listing()
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        absent = [name for name in _COLUMNS if name not in (rows.fieldnames or [])]
        if absent:
            raise InputError(f"{path}: there is no column {' or '.join(absent)} in it.")
        for row in rows:
            where = f"{path.name} line {rows.line_num}"
            parts = Path(row["dist_img"]).stem.split("_")
            if len(parts) != 3:
                raise InputError(f"{where}: expected a name like I01_01_01.png: {row['dist_img']}.")
            reference = images.find_or_name(row["ref_img"])
            distorted = images.find_or_name(row["dist_img"])
            pair = RatedPair(
                Path(reference),
                Path(distorted),
                number(row["dmos"], where),
                parts[0].lower(),
                distortion_name(parts[1]),
                int(number(parts[2], where)),
                number(row["var"], where) if row.get("var") else None,
            )
            listing.add(reference, distorted, pair)
    return listing
