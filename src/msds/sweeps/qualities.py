"""Settings of encoders as people write them: "20:95:5", "30,50,75", "0.5:3:0.5"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from msds.errors import InputError

MOST = 1000
"""Settings of one encoder; more are a slip of the pen."""

_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER})(?::({_NUMBER}))?")


def parse_qualities(text: str) -> tuple[float, ...]:
    """Settings from numbers and ranges FROM:TO:STEP that include their ends, in their order.

    Whole numbers come as int. A range runs downwards where its step is negative.

    Raises
    ------
    InputError
        If it is not such a list, or holds none or too many.
    """
    found: dict[float, None] = {}
    for part in text.split(","):
        found.update(dict.fromkeys(_part(part.strip(), text)))
    return tuple(found)


def _part(part: str, text: str) -> Iterable[float]:
    if re.fullmatch(_NUMBER, part):
        return [_number(Fraction(part))]
    match = _RANGE.fullmatch(part)
    step = Fraction(match[3] or 1) if match else Fraction(0)
    if match is None or step == 0:
        raise InputError(
            f"{text!r} are no settings of an encoder: expected numbers and ranges FROM:TO:STEP, "
            "such as 20:95:5 or 30,50,75."
        )
    count = (Fraction(match[2]) - Fraction(match[1])) / step
    if not 0 <= count < MOST:
        raise InputError(
            f"{part!r} is a range of {'no' if count < 0 else 'too many'} settings; expected 1 to "
            f"{MOST} of them."
        )
    return [_number(Fraction(match[1]) + k * step) for k in range(int(count) + 1)]


def _number(value: Fraction) -> float:
    return int(value) if value.denominator == 1 else float(value)


Qualities = tuple[float, ...]


def parse_all(texts: Iterable[str]) -> tuple[Qualities | None, dict[str, Qualities]]:
    """Settings of all encoders, and those of encoders by name, from "20:95:5" and "avif=10:80:5".

    Raises
    ------
    InputError
        If one of them is none, or there are two for the same encoders.
    """
    usual: Qualities | None = None
    own: dict[str, Qualities] = {}
    for text in texts:
        name, equals, rest = text.rpartition("=")
        if name in own or (not equals and usual is not None):
            raise InputError(f"--quality is given twice for {name or 'all encoders'}.")
        if equals:
            own[name] = parse_qualities(rest)
        else:
            usual = parse_qualities(text)
    return usual, own
