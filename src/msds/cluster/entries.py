"""What a worker is asked: pairs by their names and by where their images lie."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msds.cluster.storage import joined
from msds.text import printable


class Entry(NamedTuple):
    """A pair to score.

    Attributes
    ----------
    reference, distorted : names, as results give them.
    reference_at, distorted_at : locations of the images, as every node finds them.
    reference_shown, distorted_shown : what errors call them.
    columns : carried columns.
    problem : why the pair cannot be scored, known before any file is opened.
    """

    reference: str
    distorted: str
    reference_at: str
    distorted_at: str
    reference_shown: str
    distorted_shown: str
    columns: Mapping[str, Any] = {}
    problem: str | None = None


def entry_of(
    names: tuple[str, str],
    folder: str,
    shown: str,
    columns: Mapping[str, Any],
    problem: str | None = None,
) -> Entry:
    """The entry of two names that begin in a folder, unless they say otherwise."""
    reference, distorted = names
    return Entry(
        printable(reference),
        printable(distorted),
        joined(folder, reference),
        joined(folder, distorted),
        printable(joined(shown, reference)),
        printable(joined(shown, distorted)),
        columns,
        problem,
    )


def entries_of(rows: Iterable[Mapping[str, Any]], folder: str, shown: str) -> list[Entry]:
    """The entries of the rows of a plan."""
    return [
        entry_of(
            (row["reference"], row["distorted"]),
            folder,
            shown,
            json.loads(row["columns"]) if row["columns"] else {},
            row["problem"],
        )
        for row in rows
    ]
