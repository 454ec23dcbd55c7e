"""A pattern that names of distorted images seem to follow: to be proposed, not used unasked."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from msds.pairs.folders import images_below
from msds.pairs.pattern import STEM

_SEPARATORS = "_-.@+ "


def guess_pattern(references: Path, distorted: Path) -> str | None:
    """The pattern of two folders, if every distorted image is named after a reference.

    Only names are guessed that are a reference's, a separator, and what tells them apart; letters
    that all have before a number are no part of that: `photo_q80.webp` of `photo.png` is read as
    `{stem}_q{version}.webp`.

    Raises
    ------
    InputError
        If a folder cannot be read.
    """
    stems = {_stem(name) for name in _names(references, without=distorted)}
    names = _names(distorted, without=references)
    ends = [_end(_stem(name), stems) for name in names]
    if not names or None in ends:
        return None
    rests = [end for end in ends if end is not None]
    separators = {rest[0] for rest in rests}
    if len(separators) > 1:
        return None
    separator = separators.pop()
    varying = [rest[1:] for rest in rests]
    common = os.path.commonprefix(varying).rstrip("0123456789.")  # noqa: RUF071 - no paths
    numbered = all(rest[len(common) :][:1].isdigit() for rest in varying)
    if not (numbered and common.isalpha()):
        common = ""
    suffixes = {os.path.splitext(name)[1] for name in names}  # noqa: PTH122
    suffix = suffixes.pop() if len(suffixes) == 1 else ".{format}"
    return f"{{{STEM}}}{separator}{common}{{version}}{suffix}"


def _names(folder: Path, without: Path) -> list[str]:
    images, _ = images_below(folder, without)
    return [image.relative_to(folder).as_posix() for image in images]


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]  # noqa: PTH122


def _end(name: str, stems: Collection[str]) -> str | None:
    """What follows the longest reference's name in this one, from the separator on."""
    for place in range(len(name) - 2, 0, -1):
        if name[place] == "/":
            return None
        if name[place] in _SEPARATORS and name[:place] in stems:
            return name[place:]
    return None
