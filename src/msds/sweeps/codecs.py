"""Encoders by name: those of libraries, and commands of the user's own."""

from __future__ import annotations

from collections.abc import Iterable

from msds.errors import InputError
from msds.sweeps.codec import Codec
from msds.sweeps.commands import COMMAND_HINT, CommandCodec, is_command
from msds.sweeps.libraries import BUILT_IN
from msds.text import did_you_mean, one_line


def open_codec(text: str, time_limit: float = 60.0) -> Codec:
    """An encoder by its name, or a command of the user's own.

    Parameters
    ----------
    text : one of `BUILT_IN`, or a template such as "cjxl {in} {out}.jxl -q {q}", with "NAME=" in
        front where its program's name does not say enough.
    time_limit : seconds that a command may take for one picture.

    Raises
    ------
    InputError
        If there is none of this name, it is not available here, or a template lacks something.
    MissingExtraError
        If it needs imagecodecs and that is not installed.
    """
    if is_command(text):
        return CommandCodec.parse(text, time_limit)
    name = text.strip().lower()
    if name not in BUILT_IN:
        raise InputError(
            f"Unknown encoder {one_line(text)!r}{did_you_mean(name, BUILT_IN)}: expected one of "
            f"{', '.join(BUILT_IN)}, or {COMMAND_HINT}."
        )
    codec = BUILT_IN[name]()
    if not codec.available:
        raise InputError(f"Encoder {name} is not part of this {codec.by}; give {COMMAND_HINT}.")
    return codec


def split_codecs(texts: Iterable[str]) -> list[str]:
    """Names that are divided by commas, and command templates, which may hold commas, whole."""
    found = []
    for text in texts:
        found += [text] if is_command(text) else [one for one in text.split(",") if one.strip()]
    return found
