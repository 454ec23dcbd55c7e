"""What conditions find, and how GitHub Actions is told of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that conditions say about one pair, or a folder of them.

    Attributes
    ----------
    title : what kind of finding it is, in a few words.
    reference, distorted : the pair; reference is "" where it is about a folder of distorted images.
    text : one sentence with the numbers.
    failed : whether a condition is not met; a mere notice does no harm.
    """

    title: str
    reference: str
    distorted: str
    text: str
    failed: bool = True


def annotation(kind: str, file: str, title: str, text: str) -> str:
    """A line that GitHub Actions shows at a file; `kind` is "error", "warning" or "notice"."""
    return f"::{kind} file={_property(file)},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
