"""Which records are of other images than those that lie there now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msds.files import sha256_file
from msds.pairs import Pair
from msds.results import Score


def changed_rows(
    pairs: Sequence[Pair], scores: Mapping[int, Score], threads: int
) -> frozenset[int]:
    """Rows whose images have other bytes than when they were scored, or cannot be read any more.

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
        digests = dict(zip(paths, pool.map(_digest, paths), strict=True))
    return frozenset(
        row
        for row in rows
        if (scores[row].reference_sha256, scores[row].distorted_sha256)
        != tuple(digests[path] for path in _paths(pairs[row]))
    )


def _paths(pair: Pair) -> Iterable[Path]:
    return pair.reference_path, pair.distorted_path


def _digest(path: Path) -> str | None:
    try:
        # A pipe or a device would never end.
        return sha256_file(path) if path.is_file() and path.stat().st_size else None
    except (OSError, ValueError):
        return None
