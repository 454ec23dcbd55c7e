"""What is refused before a file is decoded: missing, empty, not a file, or too many pixels."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import PIL.Image

from msds.errors import InputError

MIB = 2**20

MAX_PIXELS = 2**28
"""Pixels of the largest image that is read, whole or in parts, unless the caller says otherwise."""

_lock = threading.Lock()
_active: list[int] = []
_pillow_own: int | None = None


@dataclass(frozen=True)
class Limits:
    """What a file may take.

    Attributes
    ----------
    pixels : larger images are refused, read whole or in parts.
    memory : bytes that decoding may take; None is any amount.
    """

    pixels: int = MAX_PIXELS
    memory: int | None = None


class MemoryLimitError(InputError):
    """An image would take more memory than is allowed.

    Attributes
    ----------
    needed : bytes that it would take, reckoned from the file's header.
    """

    def __init__(self, name: str, needed: int, allowed: int) -> None:
        self.needed = needed
        super().__init__(
            f"{name}: this image takes {-(-needed // MIB)} MiB of memory;"
            f" {allowed // MIB} MiB are allowed."
        )

    def advise(self, what: str) -> None:
        """Add to the sentence what would do."""
        self.args = (f"{str(self).removesuffix('.')} ({what}).",)


class DecodingMemoryError(InputError, MemoryError):
    """Memory ran short while an image was decoded, or damaged data asked for too much of it."""


def display_name(path: str | os.PathLike[str]) -> str:
    """Name of a file as it can be printed, whatever bytes the file system allows in it."""
    return os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")


def check_file(path: Path, name: str) -> None:
    """Refuse a path that does not lead to a regular file with something in it."""
    try:
        if path.is_dir():
            raise InputError(f"{name}: this is a folder; expected an image file.")
        if not path.exists():
            what = "a link that leads nowhere" if path.is_symlink() else "no such file"
            raise InputError(f"{name}: {what}.")
        if not path.is_file():
            raise InputError(f"{name}: this is not a regular file; expected an image file.")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: the file cannot be reached ({error}).") from error
    if size == 0:
        raise InputError(f"{name}: the file is empty; expected an image file.")


def check_size(width: int, height: int, max_pixels: int, name: str) -> None:
    """Refuse an image with no pixels, or with more than the caller allows."""
    if width < 1 or height < 1:
        raise InputError(f"{name}: the image is {width} x {height}; expected at least one pixel.")
    if width * height > max_pixels:
        found = f"the image is {width} x {height}, {width * height} pixels"
        raise _too_large(found, max_pixels, name)


def check_memory(needed: int, limits: Limits, name: str) -> None:
    """Refuse to decode what takes more memory than the caller allows."""
    if limits.memory is not None and needed > limits.memory:
        raise MemoryLimitError(name, needed, limits.memory)


def _too_large(found: str, max_pixels: int, name: str) -> InputError:
    return InputError(
        f"{name}: {found}; at most {max_pixels} are read (--max-pixels, or max_pixels in Python,"
        " allows more)."
    )


def check_frame(frame: int | None, count: int, name: str) -> int:
    """The frame that was asked for; the only one if none was."""
    if frame is None and count > 1:
        raise InputError(
            f"{name}: the file has {count} frames; name one of them with frame=0 (--frame 0), up to"
            f" frame={count - 1}, or give it as a file of its own."
        )
    if frame is not None and not 0 <= frame < count:
        has = f"frames 0 to {count - 1}" if count > 1 else "one image, frame 0"
        raise InputError(f"{name}: frame {frame} was asked for; the file has {has}.")
    return frame or 0


@contextmanager
def named_memory_errors(name: str) -> Iterator[None]:
    """Name the image that is decoded while the block runs, if memory runs short in it."""
    try:
        yield
    except MemoryError as error:
        raise DecodingMemoryError(
            f"{name}: there is not enough memory to decode this image, or its data are damaged."
        ) from error


@contextmanager
def pillow_limit(max_pixels: int, name: str) -> Iterator[None]:
    """Let Pillow open files of up to `max_pixels` while the block runs, in any number of threads.

    Of larger ones it may warn, and those of twice the size it refuses: an InputError here.

    Pillow's own limit is a global of 89 million pixels; ours replaces it only for as long as it
    must, and is set back when the last block ends.
    """
    global _pillow_own
    with _lock:
        if not _active:
            _pillow_own = PIL.Image.MAX_IMAGE_PIXELS
        _active.append(max_pixels)
        PIL.Image.MAX_IMAGE_PIXELS = max(_active)
    try:
        yield
    except PIL.Image.DecompressionBombError as error:
        raise _too_large("the image has too many pixels", max_pixels, name) from error
    finally:
        with _lock:
            _active.remove(max_pixels)
            PIL.Image.MAX_IMAGE_PIXELS = max(_active) if _active else _pillow_own
