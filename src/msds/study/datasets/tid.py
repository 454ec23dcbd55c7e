"""TID2008 and TID2013: one list of scores and names, file names in any case.

Both lie in folders of one form, and types 1 to 17 are the same; only the list tells them apart.
"""

from __future__ import annotations

import re
from pathlib import Path

from msds.errors import InputError
from msds.study.datasets.base import Listing
from msds.study.datasets.files import (
    Folder,
    named_scores,
    need_file,
    need_folder,
    number,
    text_lines,
    type_name,
)

_LIST = "mos_with_names.txt"
_NAME = re.compile(r"(i\d\d)_(\d\d)_(\d)\.bmp", re.IGNORECASE)

PAIRS_2008 = 25 * 17 * 4
_TYPES_2008, _LEVELS_2008 = 17, 4

DISTORTIONS = (
    "additive Gaussian noise",
    "noise stronger in colour",
    "spatially correlated noise",
    "masked noise",
    "high-frequency noise",
    "impulse noise",
    "quantisation noise",
    "Gaussian blur",
    "denoising",
    "JPEG",
    "JPEG 2000",
    "JPEG transmission errors",
    "JPEG 2000 transmission errors",
    "non-eccentricity pattern noise",
    "local block-wise distortions",
    "mean shift",
    "contrast change",
    "change of saturation",
    "multiplicative Gaussian noise",
    "comfort noise",
    "lossy compression of noisy images",
    "colour quantisation with dither",
    "chromatic aberrations",
    "sparse sampling and reconstruction",
)


def may_be_2008(root: Path) -> bool:
    """Whether all that a folder lists can be of TID2008."""
    return all(
        int(name[2]) <= _TYPES_2008 and int(name[3]) <= _LEVELS_2008 for name in _listed(root)
    )


def may_be_2013(root: Path) -> bool:
    """Whether a folder lists what TID2008 does not have, or less than the whole of that."""
    return not may_be_2008(root) or len(_listed(root)) < PAIRS_2008


def _listed(root: Path) -> list[re.Match[str]]:
    """The names in the list of scores; none where there is no list."""
    path = Folder(root).find(_LIST)
    lines = text_lines(path) if path is not None else []
    found = (_NAME.fullmatch(line.split()[-1]) for line, _ in lines)
    return [match for match in found if match is not None]


def read(root: Path) -> Listing:
    """Pairs with MOS in 0..9, higher is better."""
    scores = named_scores(need_file(root, _LIST), _NAME, "i01_01_1.bmp")
    spread_path = Folder(root).find("mos_std.txt")
    spread = text_lines(spread_path) if spread_path is not None else None
    if spread is not None and len(spread) != len(scores):
        raise InputError(
            f"{spread_path}: {len(spread)} deviations for the {len(scores)} scores of {_LIST}."
        )
    references = Folder(need_folder(root, "reference_images"))
    images = Folder(need_folder(root, "distorted_images"))
    listing = Listing()
    for index, (score, name, match) in enumerate(scores):
        listing.add(
            references.find_or_name(f"{match[1]}.bmp"),
            images.find_or_name(name),
            score,
            match[1].lower(),
            type_name(match[2], DISTORTIONS),
            int(match[3]),
            number(*spread[index]) if spread is not None else None,
        )
    return listing
