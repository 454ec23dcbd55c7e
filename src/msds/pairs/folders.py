"""Pairs from two paths: files, folders, or one reference against a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from msds.errors import InputError
from msds.pairs.kinds import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from msds.pairs.pattern import STEM, Pattern
from msds.pairs.plan import Ambiguous, Pair, Plan
from msds.text import printable


@dataclass(frozen=True)
class _File:
    """A file in a folder: where it lies, and its path relative to the folder."""

    path: Path
    relative: str

    @property
    def stem(self) -> str:
        """Relative path without the last suffix."""
        head, slash, name = self.relative.rpartition("/")
        return head + slash + (name.rpartition(".")[0] or name)


_Candidate = tuple[_File, Mapping[str, str]]


def plan_paths(reference: Path, distorted: Path, pattern: Pattern | None = None) -> Plan:
    """Pair two files, two folders, or one reference with a folder of distorted images.

    In two folders, images belong together whose relative paths are equal but for the suffix;
    where that leaves several references, the one whose suffix is equal too. With a pattern, the
    names of the distorted images say which reference they belong to.

    Raises
    ------
    InputError
        If a path does not exist, or the two cannot be paired at all.
    """
    for path in (reference, distorted):
        if not path.exists():
            what = "a link that leads nowhere" if path.is_symlink() else "no such file or folder"
            raise InputError(f"{printable(path)}: {what}.")
    if not distorted.is_dir():
        if reference.is_dir():
            raise InputError(
                f"{printable(reference)} is a folder and {printable(distorted)} is a file; "
                "expected two images, two folders, or one image and a folder of distorted ones: "
                "the reference comes first."
            )
        if pattern is not None:
            raise InputError(
                f"A pattern needs a folder of distorted images; {printable(distorted)} is a file."
            )
        return Plan((Pair(printable(reference), printable(distorted), reference, distorted),))
    if reference.is_dir():
        return _plan_folders(reference, distorted, pattern)
    return _plan_one_reference(reference, distorted, pattern)


def plan_images(reference: Path, distorted: Sequence[Path], pattern: Pattern | None = None) -> Plan:
    """Pair one reference with several distorted images, in their order.

    Raises
    ------
    InputError
        If one of them is a folder or not there, or there is a pattern.
    """
    if pattern is not None:
        raise InputError("A pattern needs a folder of distorted images; found several paths.")
    for path in (reference, *distorted):
        if path.is_dir():
            raise InputError(
                f"{printable(path)} is a folder; expected one reference and several images, or two "
                "paths of which the second may be a folder."
            )
        if not path.exists():
            raise InputError(f"{printable(path)}: no such file.")
    name = printable(reference)
    return Plan(tuple(Pair(name, printable(one), reference, one) for one in distorted))


def _plan_one_reference(reference: Path, folder: Path, pattern: Pattern | None) -> Plan:
    files, ignored = _images(folder)
    itself = reference.resolve()
    files = [file for file in files if file.path.resolve() != itself]
    known = _File(reference, reference.name)
    if pattern is None:
        pairs = tuple(_pair(known, file, {}) for file in files)
        return _checked(Plan(pairs, ignored=ignored), folder)
    stems = {known.stem: [known]}
    files, left_out = _of_suffix(files, pattern)

    def find(file: _File) -> list[_Candidate]:
        if STEM in pattern.fields:
            return _by_pattern(file, pattern, stems)
        return [(known, values) for values in islice(pattern.readings(file.relative, ()), 2)]

    return _checked(replace(_matched(files, find, ignored), left_out=left_out), folder)


def _plan_folders(references: Path, distorted: Path, pattern: Pattern | None) -> Plan:
    if pattern is not None and STEM not in pattern.fields:
        raise InputError(
            f"Pattern {pattern.text!r} does not say which reference an image belongs to; expected "
            "the field {stem} in it."
        )
    reference_files, ignored = _images(references, without=distorted)
    distorted_files, more = _images(distorted, without=references)
    if references.samefile(distorted):
        if pattern is None:
            raise InputError(
                f"{printable(references)} was given as both folders: a pattern must tell which of "
                "its images are distorted, as in --pattern '{stem}_q{quality}.webp'."
            )
        stems = _by_stem(reference_files)
        distorted_files = [f for f in distorted_files if any(pattern.readings(f.relative, stems))]
        taken = set(distorted_files)
        reference_files = [file for file in reference_files if file not in taken]
    stems = _by_stem(reference_files)
    distorted_files, left_out = _of_suffix(distorted_files, pattern)

    def find(file: _File) -> list[_Candidate]:
        return _by_name(file, stems) if pattern is None else _by_pattern(file, pattern, stems)

    plan = _matched(distorted_files, find, tuple(dict.fromkeys(ignored + more)))
    used = {pair.reference for pair in plan.pairs}
    used.update(name for one in plan.ambiguous for name in one.references)
    names = (printable(file.path) for file in reference_files)
    unmatched = tuple(name for name in names if name not in used)
    plan = replace(plan, unmatched_references=unmatched, left_out=left_out)
    return _checked(plan, distorted)


def _of_suffix(files: list[_File], pattern: Pattern | None) -> tuple[list[_File], tuple[str, ...]]:
    """Files of the suffix that a pattern speaks of, and the names of the others."""
    if pattern is None or not pattern.suffix:
        return files, ()
    of_it = [file for file in files if file.path.suffix.lower() == pattern.suffix]
    others = [printable(file.path) for file in files if file.path.suffix.lower() != pattern.suffix]
    return of_it, tuple(others)


def _matched(
    files: Sequence[_File], find: Callable[[_File], list[_Candidate]], ignored: tuple[str, ...]
) -> Plan:
    pairs, unmatched, ambiguous = [], [], []
    for file in files:
        found = find(file)
        if not found:
            unmatched.append(printable(file.path))
        elif len(found) == 1:
            pairs.append(_pair(found[0][0], file, found[0][1]))
        else:
            references = tuple(dict.fromkeys(printable(reference.path) for reference, _ in found))
            readings = tuple(dict.fromkeys(_reading(columns) for _, columns in found))
            ambiguous.append(Ambiguous(printable(file.path), references, readings))
    return Plan(
        tuple(pairs),
        unmatched_distorted=tuple(unmatched),
        ambiguous=tuple(ambiguous),
        ignored=ignored,
    )


def _by_name(file: _File, stems: Mapping[str, list[_File]]) -> list[_Candidate]:
    """References of the same stem; of several, the one of the same name."""
    references = stems.get(file.stem, [])
    same = [reference for reference in references if reference.relative == file.relative]
    return [(reference, {}) for reference in same or references]


def _by_pattern(
    file: _File, pattern: Pattern, stems: Mapping[str, list[_File]]
) -> list[_Candidate]:
    # Two readings are enough to know that a name is ambiguous, and there can be very many.
    return [
        (reference, {key: value for key, value in values.items() if key != STEM})
        for values in islice(pattern.readings(file.relative, stems), 2)
        for reference in stems[values[STEM]]
    ]


def _reading(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in columns.items())


def _pair(reference: _File, distorted: _File, columns: Mapping[str, str]) -> Pair:
    return Pair(
        printable(reference.path),
        printable(distorted.path),
        reference.path,
        distorted.path,
        columns,
    )


def _by_stem(files: Iterable[_File]) -> dict[str, list[_File]]:
    stems: dict[str, list[_File]] = {}
    for file in files:
        stems.setdefault(file.stem, []).append(file)
    return stems


def images_below(folder: Path, without: Path | None = None) -> tuple[list[Path], tuple[str, ...]]:
    """Images below a folder in order of their names, and the files that are none by their names.

    Hidden files and folders are left out, and so is the folder `without` if it lies inside.

    Raises
    ------
    InputError
        If a folder cannot be read.
    """
    images, ignored = _images(folder, without, IMAGE_SUFFIXES)
    return [file.path for file in images], ignored


def _images(
    folder: Path,
    without: Path | None = None,
    suffixes: Collection[str] = IMAGE_SUFFIXES | VIDEO_SUFFIXES,
) -> tuple[list[_File], tuple[str, ...]]:
    """Files of these kinds below a folder in order of their names, and the others' names.

    Hidden files and folders are left out, and so is the folder `without` if it lies inside.
    """
    images, ignored = [], []
    left_out = without.resolve() if without is not None else None
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        here = Path(place)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and (here / name).resolve() != left_out
        ]
        for name in names:
            path = here / name
            if name.startswith("."):
                continue
            if path.suffix.lower() in suffixes:
                images.append(_File(path, printable(path.relative_to(folder))))
            else:
                ignored.append(printable(path))
    images.sort(key=lambda file: file.relative)
    return images, tuple(sorted(ignored))


def _unreadable(error: OSError) -> None:
    raise InputError(f"{printable(error.filename)}: this folder cannot be read ({error.strerror}).")


def _checked(plan: Plan, folder: Path) -> Plan:
    listed = (plan.unmatched_references, plan.unmatched_distorted, plan.ambiguous, plan.left_out)
    if not (plan.pairs or any(listed)):
        raise InputError(f"{printable(folder)}: there are no images in this folder.")
    return plan
