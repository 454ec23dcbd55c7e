"""Parts of TID2013, LIVE and KADID-10k as tables of pairs, with names as in the whole sets.

A part is a folder with `pairs.csv` (reference, distorted, opinion, distortion) and its images.
References and distortion types have the names that the readers of the whole sets give, so that a
part is known to show what the whole shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msds.errors import InputError
from msds.study.datasets import kadid, tid
from msds.study.datasets.base import Listing, RatedPair
from msds.study.datasets.files import type_name
from msds.study.datasets.manifest import read_manifest

TABLE = "pairs.csv"
_NAME = re.compile(r"i\d\d_(\d\d)_(\d+)", re.IGNORECASE)


def read_table(root: Path, column: str, higher_is_better: bool) -> Listing:
    """Pairs of the folder's `pairs.csv`; a reference's name is its file's without suffix."""
    data = read_manifest(root / TABLE, score=column, higher_is_better=higher_is_better)
    listing = Listing()
    for pair in data.pairs:
        reference, distorted = (
            path if path.is_file() else data.relative(path)
            for path in (pair.reference, pair.distorted)
        )
        listing.add(
            reference,
            distorted,
            pair.opinion,
            pair.reference.stem.lower(),
            pair.distortion,
            pair.level,
            pair.deviation,
            pair.saliency,
        )
    return listing


def _named(pair: RatedPair, types: Sequence[str]) -> RatedPair:
    """The pair with type and level as the image's name has them."""
    match = _NAME.fullmatch(pair.distorted.stem)
    if match is None:
        raise InputError(
            f"{TABLE}: expected an image called like i01_01_1, found {pair.distorted.name}."
        )
    return replace(pair, distortion=type_name(match[1], types), level=int(match[2]))


def read_tid2013(root: Path) -> Listing:
    """Pairs of TID2013 with MOS in 0..9, higher is better."""
    listing = read_table(root, "mos", True)
    listing.pairs = [_named(pair, tid.DISTORTIONS) for pair in listing.pairs]
    return listing


def read_kadid(root: Path) -> Listing:
    """Pairs of KADID-10k with a mean rating in 1..5, higher is better."""
    listing = read_table(root, "mos", True)
    listing.pairs = [_named(pair, kadid.DISTORTIONS) for pair in listing.pairs]
    return listing


def read_live(root: Path) -> Listing:
    """Pairs of LIVE release 2 with realigned DMOS, higher is worse, and their standard errors."""
    listing = read_table(root, "dmos_realigned", False)
    # The reader of the whole set names a reference by its file.
    listing.pairs = [replace(pair, group=f"{pair.group}.bmp") for pair in listing.pairs]
    return listing
