"""References that two sets show both: what was learned on one has been seen in the other.

TID2008 and TID2013 cut their references 1 to 24 from the Kodak set, in its order; LIVE's references
are Kodak's but for those of a disc "Austin and Vicinity" (its copyright notice names them) and
`monarch`. That 19 of LIVE's 29 show what TID shows was found on the pixels by others; `buildings`
and `sailing1` are checked by this project's tests. Sets that are not named here are not known to
share references, which is not to say that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from msds.study.datasets.base import RatedSet

# Sets whose references of one name are one picture.
_FAMILIES = {
    "live": "live",
    "live-part": "live",
    "tid2008": "tid",
    "tid2013": "tid",
    "tid2013-part": "tid",
    "kadid10k": "kadid",
    "kadid-part": "kadid",
    "cidiq-50": "cidiq",
    "cidiq-100": "cidiq",
}

KODAK_IN_LIVE: Mapping[str, tuple[int, ...]] = {
    "caps": (3,),
    "womanhat": (4,),
    "bikes": (5,),
    "sailing1": (6,),
    "buildings": (8,),
    # Which of the two upright pictures of sails is which could not be verified.
    "sailing2": (9, 10),
    "sailing3": (9, 10),
    "sailing4": (11,),
    "stream": (13,),
    "rapids": (14,),
    "ocean": (16,),
    "statue": (17,),
    "woman": (18,),
    "lighthouse": (19,),
    "plane": (20,),
    "lighthouse2": (21,),
    "house": (22,),
    "parrots": (23,),
    "paintedhouse": (24,),
}
"""Kodak's numbers, which are TID's as well, of LIVE's references."""


def family_of(identity: str, title: str) -> str | None:
    """Sets whose references of one name are one picture; None if nothing is known.

    A table of pairs, whose id tells nothing, goes by its folder's name.
    """
    return _FAMILIES.get(identity) or _FAMILIES.get(title.lower())


def _scenes(data: RatedSet, group: str) -> frozenset[str]:
    """What a reference may show, in words that are the same for all sets; empty if unknown."""
    family = family_of(data.id, data.title)
    if family is None:
        return frozenset()
    name = PurePath(group).stem.lower()
    if family == "live" and name in KODAK_IN_LIVE:
        return frozenset(f"kodak {number}" for number in KODAK_IN_LIVE[name])
    if family == "tid" and name[1:].isdecimal() and 1 <= int(name[1:]) <= 24:
        return frozenset({f"kodak {int(name[1:])}"})
    return frozenset({f"{family} {name}"})


def shared_references(first: RatedSet, second: RatedSet) -> tuple[tuple[str, str], ...]:
    """Pairs of names, a reference of `first` and one of `second` that show the same scene.

    Where it is not known which of two pictures a reference is, it is paired with both.
    """
    theirs = {group: _scenes(second, group) for group in dict.fromkeys(second.groups)}
    return tuple(
        (group, other)
        for group in dict.fromkeys(first.groups)
        for other, scenes in theirs.items()
        if scenes & _scenes(first, group)
    )


def overlap_note(data: RatedSet, seen: RatedSet) -> str:
    """A sentence on the references of `data` that `seen` shows as well, or "" without any."""
    shared = list(dict.fromkeys(name for name, _ in shared_references(data, seen)))
    if not shared:
        return ""
    names = ", ".join(PurePath(name).stem for name in shared)
    total = len(set(data.groups))
    return f"{len(shared)} of the {total} references of {data.title} are in {seen.title}: {names}."
