"""What the distorted images of a plan take on disk, as columns of its results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.scoring.inputs import pixel_count

COLUMNS = ("bytes", "bits_per_pixel")


def weighed(plan: Plan) -> Plan:
    """The plan with bytes and bits per pixel of every distorted image, headers and all.

    Both are None of files that are not there, or whose header does not tell their size.

    Raises
    ------
    InputError
        If the plan has such columns already.
    """
    for name in COLUMNS:
        if name in plan.columns:
            raise InputError(f"--with-size gives a column {name!r}, which the pairs have already.")
    return replace(plan, pairs=tuple(map(_weighed, plan.pairs)))


def _weighed(pair: Pair) -> Pair:
    size = _bytes(pair.distorted_path)
    count = None if size is None else pixel_count(pair.distorted_path)
    rate = round(8 * size / count, 6) if size is not None and count else None
    return replace(pair, columns={**pair.columns, "bytes": size, "bits_per_pixel": rate})


def _bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):
        return None
