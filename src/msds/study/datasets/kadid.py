"""KADID-10k: one folder of images and dmos.csv."""

from __future__ import annotations

from pathlib import Path

from msds.errors import InputError
from msds.study.datasets.base import Listing
from msds.study.datasets.files import (
    Folder,
    csv_rows,
    need_file,
    need_folder,
    number,
    type_name,
)

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


def read(root: Path) -> Listing:
    """Pairs with a mean rating in 1..5: the column is called dmos, yet higher is better.

    The column called var holds standard deviations: a mean of 1.1 over 30 ratings of 1 and 2 has
    a variance of 0.09, and the table says 0.3.
    """
    path = need_file(root, "dmos.csv")
    images = Folder(need_folder(root, "images"))
    listing = Listing()
    for row, where in csv_rows(path, _COLUMNS):
        parts = Path(row["dist_img"]).stem.split("_")
        if len(parts) != 3:
            raise InputError(f"{where}: expected a name like I01_01_01.png: {row['dist_img']}.")
        listing.add(
            images.find_or_name(row["ref_img"]),
            images.find_or_name(row["dist_img"]),
            number(row["dmos"], where),
            parts[0].lower(),
            type_name(parts[1], DISTORTIONS),
            int(number(parts[2], where)),
            number(row["var"], where) if row.get("var") else None,
        )
    return listing
