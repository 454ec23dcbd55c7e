"""Patterns of file names, such as `{stem}_q{quality}.webp`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from msds.errors import InputError

STEM = "stem"
_PARTS = re.compile(r"\{([^{}]*)\}|([^{}]+)|([{}])")


class Pattern:
    """How the names of distorted images are made.

    Parameters
    ----------
    text : a relative path with fields in braces. `{stem}` stands for the relative path of the
        reference without its suffix; every other field for one or more characters but "/", and
        becomes a column of the results.

    Raises
    ------
    InputError
        If braces do not match, a field has no proper name or stands twice, or two fields touch.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts: list[tuple[bool, str]] = []  # (is a field, its name or the literal text)
        for name, literal, stray in _PARTS.findall(text):
            if stray:
                raise InputError(f"Pattern {text!r}: a brace without its partner.")
            if literal:
                self._parts.append((False, literal))
                continue
            if not name.isidentifier():
                raise InputError(
                    f"Pattern {text!r}: {{{name}}} is not a field; expected a name of letters, "
                    "digits and underscores, as in {quality}."
                )
            if (True, name) in self._parts:
                raise InputError(f"Pattern {text!r}: the field {{{name}}} stands twice.")
            if self._parts and self._parts[-1][0]:
                raise InputError(
                    f"Pattern {text!r}: nothing stands between {{{self._parts[-1][1]}}} and "
                    f"{{{name}}}, so names can be read in many ways."
                )
            self._parts.append((True, name))
        self.fields = tuple(name for is_field, name in self._parts if is_field)
        if not self.fields:
            raise InputError(
                f"Pattern {text!r} has no field; expected something like "
                "'{stem}_q{quality}.webp'."
            )

    def readings(self, name: str, stems: Collection[str]) -> Iterator[dict[str, str]]:
        """Every way to read a relative path, with `{stem}` one of `stems`: the fields' values."""
        return self._read(name, 0, 0, {}, stems)

    def _read(
        self, name: str, start: int, part: int, values: dict[str, str], stems: Collection[str]
    ) -> Iterator[dict[str, str]]:
        if part == len(self._parts):
            if start == len(name):
                yield dict(values)
            return
        is_field, text = self._parts[part]
        if not is_field:
            if name.startswith(text, start):
                yield from self._read(name, start + len(text), part + 1, values, stems)
            return
        for end in self._ends(name, start, part):
            value = name[start:end]
            if text == STEM:
                if value not in stems:
                    continue
            elif "/" in value:
                return
            yield from self._read(name, end, part + 1, {**values, text: value}, stems)

    def _ends(self, name: str, start: int, part: int) -> Iterator[int]:
        """Where a field can end: at the end of the name, or before the literal that follows it."""
        if part + 1 == len(self._parts):
            if start < len(name):
                yield len(name)
            return
        literal = self._parts[part + 1][1]
        end = name.find(literal, start + 1)
        while end != -1:
            yield end
            end = name.find(literal, end + 1)
