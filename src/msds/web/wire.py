"""How the server and its workers talk: some JSON and some bytes, each with its length before it."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

_HEAD = struct.Struct("<IQ")
_MOST_JSON = 1 << 22


def send(file: IO[bytes], about: Mapping[str, Any], content: bytes | memoryview = b"") -> None:
    """Write one message."""
    text = json.dumps(about).encode()
    file.write(_HEAD.pack(len(text), len(content)))
    file.write(text)
    file.write(content)
    file.flush()


def receive_head(file: IO[bytes]) -> tuple[dict[str, Any], int]:
    """The JSON of the next message, and how many bytes follow it.

    Raises
    ------
    EOFError
        If the other side has gone.
    """
    length, size = _HEAD.unpack(receive_bytes(file, _HEAD.size))
    if length > _MOST_JSON:
        raise EOFError("the other side does not speak this language")
    about: dict[str, Any] = json.loads(receive_bytes(file, length))
    return about, size


def receive_bytes(file: IO[bytes], size: int) -> bytearray:
    """So many bytes, or EOFError."""
    content = bytearray(size)
    view, done = memoryview(content), 0
    while done < size:
        count = file.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError("the other side has gone")
        done += count
    return content
