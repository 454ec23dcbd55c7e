"""What each level of a pyramid shows, in words: the same wherever levels are listed."""

from __future__ import annotations

_FIRST, _LAST = "fine detail", "overall layout"
_BETWEEN: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("shapes",),
    2: ("texture and edges", "shapes"),
    3: ("texture and edges", "small shapes", "large shapes"),
}


def level_words(levels: int) -> tuple[str, ...]:
    """What each of so many levels shows, from the full size down; "" for one that is alone.

    The words follow the order of the levels and not their sizes in pixels: the last one shows the
    overall layout whether there are two or six.
    """
    if levels < 2:
        return ("",) * levels
    between = levels - 2
    if between in _BETWEEN:
        return (_FIRST, *_BETWEEN[between], _LAST)
    first, small, large = _BETWEEN[3]
    return (_FIRST, first, small, *("shapes",) * (between - 3), large, _LAST)


def level_name(level: int, levels: int) -> str:
    """Such as "level 2, texture and edges", for a level counted from 0."""
    words = level_words(levels)[level]
    return f"level {level + 1}" + (f", {words}" if words else "")
