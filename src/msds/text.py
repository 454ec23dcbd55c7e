"""Text of others, made fit to be shown: names of files, messages of libraries."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, ends of lines, and marks that change the direction of what stands around."""


def one_line(text: str) -> str:
    """Text to be shown in one line or one field of it, with control characters as escapes.

    So are the marks of direction of Unicode's annex 9, with which a name can look like another.
    """
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def listed(names: Iterable[str]) -> str:
    """Names that others gave, as they can be shown in one line; "none" if there are none."""
    return one_line(", ".join(names)) or "none"


_MARKUP = re.compile(
    r"[\\`|~]|\*(?!$)|<(?=[A-Za-z/!?])|\](?=\()|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=#?\w+;)"
)
"""What Markdown reads as its own; a star at the end is a mark, and _ within a word is plain."""


def markdown(text: str) -> str:
    """Text to be shown in one line of Markdown, or in a cell of its tables, as it stands.

    Source: https://github.github.com/gfm/, sections 2.4 (backslash escapes) and 4.10 (tables).
    """
    return _MARKUP.sub(lambda found: "\\" + found[0], one_line(text))


_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def no_formula(cell: Any) -> Any:
    """A cell whose text no spreadsheet takes for a formula; numbers are none.

    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    if not isinstance(cell, str) or not _FORMULA.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def without_apostrophe(cell: str) -> str:
    """What `no_formula` has made of a cell, undone."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def reason(error: BaseException) -> str:
    """What an error of another library says, in one line, to stand within a sentence of ours."""
    return " ".join(line.strip() for line in str(error).strip().splitlines()).rstrip(".")


def printable(path: str | os.PathLike[str]) -> str:
    """A path as text that can be stored and printed, with / between its parts.

    File systems allow bytes in names that are not characters; these become escapes.
    """
    text = os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return text.replace(os.sep, "/")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What a name seems to be meant for, to stand behind it: " (did you mean tid2013?)", or ""."""
    import difflib  # only where something is misspelt

    close = difflib.get_close_matches(name.lower(), list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


def counted(number: float, things: str) -> str:
    """A number of things, whose plural is given: "1 degree", "0.5 degrees", "2 %"."""
    shown = str(number) if isinstance(number, int) else f"{number:g}"
    return f"{shown} {things.removesuffix('s') if number == 1 else things}"
