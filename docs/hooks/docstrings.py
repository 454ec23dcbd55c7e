"""Lets mkdocstrings read the docstrings of this project, an extension of Griffe.

numpydoc has `name : type`, then an indented description. Here types stand in the signature, and
what follows the colon is the description: it is put where numpydoc has it, and the type is taken
from the signature. A page that a docstring names, `docs/method.md`, is linked.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import griffe

DOCS = Path(__file__).resolve().parents[1]
DESCRIBED = ("Parameters", "Attributes")
TYPE = re.compile(r"[\w.]+(\[[\w., |\[\]]*\])?( \| [\w.\[\], ]+)*")


PAGE = re.compile(r"`?\bdocs/((?:[\w-]+/)*[\w-]+)\.md\b`?")


class Docstrings(griffe.Extension):
    """Moves descriptions to their places."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            returned = str(getattr(obj, "returns", None) or "")
            obj.docstring.value = linked(rewritten(obj.docstring.value, returned))


def linked(text: str) -> str:
    """A docstring with links to the pages it names, as pages in `docs/reference` need them."""

    def lead(match: re.Match[str]) -> str:
        page = DOCS / f"{match[1]}.md"
        lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
        title = next((line[2:] for line in lines if line.startswith("# ")), "")
        return f"[{title}](../{match[1]}.md)" if title else match[0]

    return PAGE.sub(lead, text)


def rewritten(text: str, returned: str = "") -> str:
    """A docstring as numpydoc has it.

    Parameters
    ----------
    text : with its indentation removed.
    returned : the type that a function returns, as text.
    """
    section, found = "", list[str]()
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        if number + 1 < len(lines) and _is_rule(lines[number + 1]):
            section = line.strip()
        names, colon, said = line.partition(" : ")
        end = _end(lines, number + 1)
        if section in DESCRIBED and colon and not line.startswith(" "):
            for name in names.split(", "):
                found += [name, f"    {said}", *lines[number + 1 : end]]
            number = end
        elif section == "Returns" and _is_rule(lines[number - 1]) and not TYPE.fullmatch(line):
            end = next((k for k, one in enumerate(lines) if k > number and not one), len(lines))
            found += [returned or "result", *(f"    {one.strip()}" for one in lines[number:end])]
            number = end
        else:
            found.append(line)
            number += 1
    return "\n".join(found)


def _is_rule(line: str) -> bool:
    return bool(line.strip()) and not line.strip("- ")


def _end(lines: list[str], number: int) -> int:
    """The first line from `number` on that is not indented."""
    while number < len(lines) and lines[number].startswith(" "):
        number += 1
    return number
