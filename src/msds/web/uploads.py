"""The parts of a request: images and options, which stay in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from msds.errors import InputError
from msds.scoring import Reading
from msds.text import one_line
from msds.web.refusals import RefusedError
from msds.web.settings import Limits

if TYPE_CHECKING:
    from starlette.requests import Request

_MOST_FIELDS = 16
_FIELD_BYTES = 1 << 16
_NAME_LENGTH = 200
_TRUTHS = {"": False, "false": False, "0": False, "no": False, "true": True, "1": True, "on": True}


@dataclass(frozen=True)
class Upload:
    """A file that was sent.

    Attributes
    ----------
    name : that its sender gave it; text to show and nothing else.
    data : its bytes.
    """

    name: str
    data: bytes


@dataclass(frozen=True)
class Form:
    """The parts of a request.

    Attributes
    ----------
    files : by the name of their field, in their order.
    fields : all others.
    """

    files: Mapping[str, list[Upload]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    def only(self, name: str) -> Upload:
        """The one file of a field."""
        found = self.files.get(name, [])
        if len(found) != 1:
            raise RefusedError(400, f"Expected one file in the field {name!r}; found {len(found)}.")
        return found[0]

    def some(self, name: str) -> list[Upload]:
        """One or more files of a field."""
        found = self.files.get(name, [])
        if not found:
            raise RefusedError(
                400, f"Expected at least one file in the field {name!r}; found none."
            )
        return found

    def truth(self, name: str) -> bool:
        """A field that says yes or no; no if it is not there."""
        text = self.fields.get(name, "").lower()
        if text not in _TRUTHS:
            raise RefusedError(400, f"The field {name!r} is {text[:50]!r}; expected true or false.")
        return _TRUTHS[text]

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """A field that is one of some words; the first if it is not there."""
        text = self.fields.get(name) or choices[0]
        if text not in choices:
            raise RefusedError(
                400, f"The field {name!r} is {text[:50]!r}; expected {' or '.join(choices)}."
            )
        return text

    def count(self, name: str) -> int | None:
        """A field that is a number from 1; None if it is not there."""
        text = self.fields.get(name, "")
        if text and not (text.isdecimal() and len(text) < 10 and int(text) > 0):
            raise RefusedError(
                400, f"The field {name!r} is {text[:50]!r}; expected a number from 1."
            )
        return int(text) if text else None

    def reading(self, limits: Limits) -> Reading:
        """How the images are to be read."""
        frame = self.fields.get("frame") or None
        if frame is not None and not (frame.isdecimal() and len(frame) < 10):
            raise RefusedError(
                400, f"The field 'frame' is {frame[:50]!r}; expected a number from 0."
            )
        try:
            return Reading(
                self.fields.get("background") or "white",
                self.fields.get("transfer") or None,
                limits.pixels,
                None if frame is None else int(frame),
            )
        except InputError as error:
            raise RefusedError(400, str(error)) from error


READING_FIELDS = ("background", "transfer", "frame")


async def read_form(
    request: Request, limits: Limits, files: tuple[str, ...], fields: tuple[str, ...] = ()
) -> Form:
    """The parts of a request.

    Parameters
    ----------
    files, fields : names of the fields that it may have.

    Raises
    ------
    RefusedError
        If it is no form, or has other fields, or too many.
    """
    from starlette.formparsers import MultiPartException, MultiPartParser

    class InMemory(MultiPartParser):
        spool_max_size = limits.body + 1  # beyond this, parts would go to the disk

    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise RefusedError(415, "Expected a form with files, multipart/form-data.")
    parser = InMemory(
        request.headers,
        request.stream(),
        max_files=limits.images + 1,
        max_fields=_MOST_FIELDS,
        max_part_size=_FIELD_BYTES,
    )
    try:
        parts = await parser.parse()
    except MultiPartException as error:
        raise RefusedError(400, f"The form cannot be read: {error.message.rstrip('.')}.") from error
    except (ValueError, KeyError, AssertionError) as error:
        raise RefusedError(400, "The form cannot be read.") from error
    found: dict[str, list[Upload]] = {}
    texts: dict[str, str] = {}
    for name, value in parts.multi_items():
        if isinstance(value, str):
            _check_name(name, fields, files)
            texts[name] = value
        else:
            _check_name(name, files, fields)
            found.setdefault(name, []).append(
                Upload(shown_name(value.filename), await value.read())
            )
            await value.close()
    return Form(found, texts)


def _check_name(name: str, expected: tuple[str, ...], others: tuple[str, ...]) -> None:
    if name not in expected:
        what = "is the name of a field of another kind" if name in others else "is no field here"
        known = ", ".join((*expected, *others))
        raise RefusedError(400, f"{one_line(name[:50])!r} {what}; the fields are {known}.")


def shown_name(name: str | None) -> str:
    """A file's name without folders, as it can be shown in one line."""
    plain = PureWindowsPath(PurePosixPath(name or "").name).name
    text = one_line(plain.encode("utf-8", "backslashreplace").decode("utf-8"))
    return text[:_NAME_LENGTH] or "image"
