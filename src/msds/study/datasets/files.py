"""Folders and tables as authors distribute them: names in any case, numbers, columns, types."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msds.errors import InputError


class Folder:
    """The files of a folder, found whatever the case of their names.

    The authors' own tables disagree with their own files about case (TID2013's lists name
    `I01_01_1.bmp` and `i01_01_2.bmp`), which only shows where file names are case sensitive.
    """

    def __init__(self, path: Path, *, recursive: bool = False) -> None:
        self.path = path
        found = path.rglob("*") if recursive else path.iterdir()
        self._files: dict[str, Path] = {}
        if path.is_dir():
            for file in sorted(found):
                if file.is_file():
                    self._files.setdefault(file.name.lower(), file)

    def find(self, name: str) -> Path | None:
        """The file of this name in any case, or None."""
        return self._files.get(name.lower())

    def find_or_name(self, name: str) -> Path | str:
        """The file, or its name below the folder where it is missing."""
        return self.find(name) or f"{self.path.name}/{name}"

    def names(self, suffix: str) -> list[str]:
        """Sorted names of the files that end with `suffix`."""
        return sorted(
            file.name for key, file in self._files.items() if key.endswith(suffix.lower())
        )


def subfolder(root: Path, *names: str) -> Path | None:
    """The first folder below `root` of one of these names, in any case, or None."""
    if not root.is_dir():
        return None
    folders = {child.name.lower(): child for child in sorted(root.iterdir()) if child.is_dir()}
    return next((folders[name.lower()] for name in names if name.lower() in folders), None)


def need_folder(root: Path, *names: str) -> Path:
    """As `subfolder`, but a missing folder is an error."""
    found = subfolder(root, *names)
    if found is None:
        raise InputError(f"{root}: there is no folder {' or '.join(names)} in it.")
    return found


def need_file(root: Path, *names: str) -> Path:
    """The first file in `root` of one of these names, in any case; missing is an error."""
    if root.is_dir():
        folder = Folder(root)
        for name in names:
            found = folder.find(name)
            if found is not None:
                return found
    raise InputError(f"{root}: there is no file {' or '.join(names)} in it.")


def number(text: str, where: str) -> float:
    """A finite number from a table; a decimal comma is understood."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: expected a number, found {text.strip()!r}.")
    return value


def text_lines(path: Path) -> list[tuple[str, str]]:
    """Non-empty lines of a text file as (text, "file line n" for messages)."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return [
        (line.strip(), f"{path.name} line {index}")
        for index, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]


def named_scores(
    path: Path, form: re.Pattern[str], example: str
) -> list[tuple[float, str, re.Match[str]]]:
    """Lines of a score and an image: the score, its name as it stands, and the parts of the name.

    Parameters
    ----------
    form : of the names; `example` is one of them, for messages.
    """
    found = []
    for line, where in text_lines(path):
        fields = line.split()
        match = form.fullmatch(fields[-1])
        if len(fields) != 2 or match is None:
            raise InputError(f"{where}: expected a score and a name like {example}: {line!r}.")
        found.append((number(fields[0], where), fields[1], match))
    return found


def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[dict[str, str], str]]:
    """Rows of a CSV by the names of its columns, and "file line n" for messages.

    Raises
    ------
    InputError
        If one of these columns is missing.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        absent = [name for name in columns if name not in (rows.fieldnames or [])]
        if absent:
            raise InputError(f"{path}: there is no column {' or '.join(absent)} in it.")
        for row in rows:
            yield row, f"{path.name} line {rows.line_num}"


def type_name(digits: str, names: Sequence[str], first: int = 1) -> str:
    """Name of a numbered type, "01 Gaussian blur"; the digits alone if it is unknown.

    Parameters
    ----------
    names : of the types from number `first` on.
    """
    place = int(digits) - first if digits.isdecimal() else -1
    return f"{digits} {names[place]}" if 0 <= place < len(names) else digits
