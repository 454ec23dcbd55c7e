"""Patterns of file names, such as `{stem}_q{quality}.webp`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

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
        self.fields: tuple[str, ...] = tuple(name for is_field, name in self._parts if is_field)
        if not self.fields:
            raise InputError(
                f"Pattern {text!r} has no field; expected something like "
                "'{stem}_q{quality}.webp'."
            )

    @property
    def suffix(self) -> str:
        """The suffix that all its names have, in small letters, or "" if the pattern has none."""
        is_field, text = self._parts[-1]
        _, dot, end = text.rpartition(".")
        return "" if is_field or "/" in end else (dot + end).lower()

    def readings(self, name: str, stems: Collection[str]) -> Iterator[dict[str, str]]:
        """Every way to read a relative path, with `{stem}` one of `stems`: the fields' values.

        There can be very many; each is found in a time that grows as the name does.
        """
        return self._read(name, 0, 0, {}, self._fits(name, stems), stems)

    def _read(
        self,
        name: str,
        start: int,
        part: int,
        values: dict[str, str],
        fits: Sequence[Sequence[bool]],
        stems: Collection[str],
    ) -> Iterator[dict[str, str]]:
        if not fits[part][start]:
            return
        if part == len(self._parts):
            yield dict(values)
            return
        is_field, text = self._parts[part]
        if not is_field:
            yield from self._read(name, start + len(text), part + 1, values, fits, stems)
            return
        for end in range(start + 1, len(name) + 1):
            if text != STEM and name[end - 1] == "/":
                return
            value = name[start:end]
            if fits[part + 1][end] and (text != STEM or value in stems):
                yield from self._read(name, end, part + 1, {**values, text: value}, fits, stems)

    def _fits(self, name: str, stems: Collection[str]) -> list[list[bool]]:
        """Whether what stands from a place on can be read by what the pattern has from a part on.

        With it nothing is tried that leads nowhere: of such tries there would be as many as ways to
        divide a name.
        """
        size = len(name)
        fits = [[False] * size + [True]]
        for is_field, text in reversed(self._parts):
            rest = fits[-1]
            here = [False] * (size + 1)
            ends = [end for end in range(size + 1) if rest[end]]
            for start in reversed(range(size)):
                if not is_field:
                    here[start] = name.startswith(text, start) and rest[start + len(text)]
                elif text == STEM:
                    here[start] = any(name[start:end] in stems for end in ends if end > start)
                else:
                    here[start] = name[start] != "/" and (rest[start + 1] or here[start + 1])
            fits.append(here)
        return fits[::-1]
