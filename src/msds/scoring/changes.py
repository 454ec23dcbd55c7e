"""Which records are of other images than those that lie there now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msds.files import sha256_file
from msds.pairs import Pair
from msds.pairs.saliency import DIGESTS
from msds.results import Score


def changed_rows(
    pairs: Sequence[Pair], scores: Mapping[int, Score], threads: int
) -> frozenset[int]:
    """Rows whose images, or their saliency maps, are not what they were when they were scored.

    They have other bytes, or cannot be read any more.

    A digest that a record does not hold is one of a file that could not be read.

    Parameters
    ----------
    pairs : of the plan.
    scores : records by row.
    threads : that read files.
    """
    rows = [row for row in scores if pairs[row].problem is None]
    paths = dict.fromkeys(path for row in rows for path in _paths(pairs[row]))
    with ThreadPoolExecutor(threads, thread_name_prefix="msds-digest") as pool:
        digests: dict[Path | None, str | None] = dict(
            zip(paths, pool.map(_digest, paths), strict=True)
        )
    return frozenset(
        row
        for row in rows
        if _recorded(scores[row], pairs[row]) != [digests.get(one) for one in _files(pairs[row])]
    )


def _recorded(score: Score, pair: Pair) -> list[Any]:
    """Digests of the images and of their saliency maps, as a record has them.

    Of a pair without maps such columns are a table's own, and say nothing of what was scored.
    """
    maps = [
        None if image.saliency is None else score.columns.get(name) or None
        for name, image in zip(DIGESTS, pair.images, strict=True)
    ]
    return [score.reference_sha256, score.distorted_sha256, *maps]


def _files(pair: Pair) -> list[Path | None]:
    """The images and their saliency maps, if they have any."""
    (reference, first), (distorted, second) = pair.images
    return [reference, distorted, first, second]


def _paths(pair: Pair) -> Iterable[Path]:
    return (path for path in _files(pair) if path is not None)


def _digest(path: Path) -> str | None:
    try:
        # A pipe or a device would never end.
        return sha256_file(path) if path.is_file() and path.stat().st_size else None
    except (OSError, ValueError):
        return None
