"""What an error must be like."""

from __future__ import annotations


def is_sentence(text: str, name: str = "") -> bool:
    """Whether a command said one line, without a traceback, that names a file."""
    lines = text.strip().splitlines()
    return (
        len(lines) == 1
        and lines[0].startswith("msds: error: ")
        and name in lines[0]
        and "Traceback" not in text
    )
