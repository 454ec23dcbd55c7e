"""Which pair of one run is which of another, also where folders were renamed in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from msds.results.record import Score

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """Pairs of two runs that are the same pair.

    Attributes
    ----------
    pairs : rows of the old run by rows of the new one; rows that are missing here have no partner.
    renamed : folders of distorted images under their new names, by old ones.
    """

    pairs: Mapping[int, int]
    renamed: Mapping[str, str]


def match(new: Sequence[Score], old: Sequence[Score]) -> Match:
    """Match the rows of two runs by name, and what is left by what their names end with.

    Rows are the same pair if both names are equal. Of the others, those are that agree in the last
    name of the reference and in as much of the distorted image's end as tells them from all others,
    if the folder they differ in has been renamed: one that both runs have was not.
    """
    pairs = _equal(new, old)
    taken = set(pairs.values())
    left_new = [row for row in range(len(new)) if row not in pairs]
    left_old = [row for row in range(len(old)) if row not in taken]
    renamed: dict[str, str] = {}
    folders = _folders(new), _folders(old)
    names = [_parts(new[row].distorted) for row in left_new]
    for depth in range(max(map(len, names), default=0), 0, -1):
        ends_new, ends_old = _by_end(new, left_new, depth), _by_end(old, left_old, depth)
        for end, row in ends_new.items():
            other = ends_old.get(end)
            if row is None or other is None or row in pairs or other in taken:
                continue
            was, now = (
                _parts(name)[:-depth] for name in (old[other].distorted, new[row].distorted)
            )
            if was not in folders[0] and now not in folders[1]:
                pairs[row] = other
                taken.add(other)
                renamed[str(PurePosixPath(*was))] = str(PurePosixPath(*now))
        left_new = [row for row in left_new if row not in pairs]
        left_old = [row for row in left_old if row not in taken]
    return Match(pairs, renamed)


def _equal(new: Sequence[Score], old: Sequence[Score]) -> dict[int, int]:
    """Rows of equal names, in their order where a pair stands there more than once."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in range(len(old) - 1, -1, -1):
        rows[old[row].reference, old[row].distorted].append(row)
    found = {}
    for row, score in enumerate(new):
        if same := rows[score.reference, score.distorted]:
            found[row] = same.pop()
    return found


def _parts(name: str) -> Parts:
    return PurePosixPath(name).parts


def _folders(scores: Iterable[Score]) -> set[Parts]:
    """The folders that hold distorted images, those above them too, but for the topmost.

    What stands in no folder counts as being in the folder ().
    """
    found: set[Parts] = set()
    for name in {score.distorted for score in scores}:
        parts = _parts(name)[:-1]
        found.update(parts[:depth] for depth in range(1, len(parts) + 1))
        if not parts:
            found.add(parts)
    return found


def _by_end(
    scores: Sequence[Score], rows: Iterable[int], depth: int
) -> dict[tuple[Parts, str], int | None]:
    """Rows by the last parts of their names; None where several have the same."""
    found: dict[tuple[Parts, str], int | None] = {}
    for row in rows:
        parts = _parts(scores[row].distorted)
        if len(parts) >= depth:
            end = (parts[-depth:], PurePosixPath(scores[row].reference).name)
            found[end] = None if end in found else row
    return found
