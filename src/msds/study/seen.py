"""Whether a metric's level weights were learned on a set: what they do there is no test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msds.study.datasets.base import RatedSet
from msds.study.datasets.overlap import family_of

MARK = "‡"


def seen_by(learned_on: Sequence[Mapping[str, Any]], data: RatedSet) -> str:
    """What of a set weights were learned on, such as "135 pairs of TID2013", or "".

    Parameters
    ----------
    learned_on : records of sets, as a model's provenance holds them: `set` (its title), and `id`,
        `pairs` and `fingerprint` where known.
    """
    found = []
    for record in learned_on:
        title, identity = str(record.get("set", "")), str(record.get("id", ""))
        family = family_of(identity, title)
        same = record.get("fingerprint") == data.fingerprint
        if same or (family is not None and family == family_of(data.id, data.title)):
            pairs = record.get("pairs")
            found.append(f"{pairs} pairs of {title}" if pairs else title)
    return " and ".join(found)
