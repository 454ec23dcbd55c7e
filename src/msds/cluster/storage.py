"""Where files lie: local disks, object stores and web servers, by their locations.

A location is a path, or a URI such as s3://bucket/key, gs://bucket/key or https://host/file. All
are read and written through pyarrow's file systems, and fsspec's where pyarrow has none. What goes
wrong now and then in a store is tried again, with growing pauses drawn at random.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from msds.errors import InputError, require
from msds.files import atomic_write
from msds.locks import IN_USE, alone
from msds.text import printable, reason

T = TypeVar("T")

EXTRA = "ray"
LOCK = "_lock"
"""File in a folder of results while a run writes to it."""

TRIES = 8
"""Of one request; the pauses between them add up to about a minute."""

LONGEST_PAUSE = 20.0
CHUNK = 4 << 20
"""Bytes of a request; most images are read by one."""

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_COLLAPSED = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")
_FINAL = ("ACCESS_DENIED", "NO_SUCH_BUCKET", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH")
"""What stores say that trying again does not change."""


def location_of(path: str | os.PathLike[str]) -> str:
    """A location as it was given, also if it was taken for a path, which has no // in it."""
    return _COLLAPSED.sub(r"\1://", os.fspath(path))


def is_uri(location: str | os.PathLike[str]) -> bool:
    """Whether this is a URI and no path, also if it was taken for one."""
    return _URI.match(location_of(location)) is not None


def is_local(location: str) -> bool:
    """Whether this is a path, or a URI that names one."""
    return not is_uri(location) or location.startswith("file://")


def local_path(location: str) -> Path:
    """The path of a local location."""
    return Path(location.removeprefix("file://"))


def absolute(location: str) -> str:
    """The location as other processes find it, whatever folder they are in."""
    return str(local_path(location).absolute()) if is_local(location) else location


def folder_of(location: str) -> str:
    """The folder that a file lies in."""
    if is_local(location):
        return str(local_path(location).parent)
    return location.rpartition("/")[0]


def joined(folder: str, name: str) -> str:
    """Where a name leads to that is relative to a folder; paths and URIs lead where they say."""
    if is_uri(name) or (Path(name).is_absolute() and not is_uri(folder)):
        return name
    if is_local(folder):
        return str(local_path(folder) / name)
    return f"{folder.rstrip('/')}/{name.removeprefix('./')}"


def fetch(location: str, target: BinaryIO, most: int | None = None) -> str:
    """Copy a file to one that is open for writing; returns its SHA-256.

    Parameters
    ----------
    most : bytes that it may have.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, or it has more bytes.
    """

    def copy() -> str:
        target.seek(0)
        target.truncate()
        digest, size = hashlib.sha256(), 0
        with _opened(location) as source:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if most is not None and size > most:
                    raise InputError(f"{printable(location)}: it has more than {most} bytes.")
                digest.update(chunk)
                target.write(chunk)
        target.flush()
        return digest.hexdigest()

    return _patiently(copy, location, "cannot be read")


def read(location: str) -> bytes:
    """All bytes of a file.

    Raises
    ------
    InputError
        If it cannot be read.
    """

    def whole() -> bytes:
        with _opened(location) as source:
            return bytes(source.read())

    return _patiently(whole, location, "cannot be read")


def commit(location: str, content: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    On a local disk it is renamed when it is complete; in an object store it appears when it is.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    if is_local(location):
        try:
            with atomic_write(local_path(location)) as file:
                file.write(content)
        except OSError as error:
            raise InputError(
                f"{printable(location)} cannot be written ({error.strerror or error})."
            ) from error
        return

    def put() -> None:
        system, path = _system(location)
        whole_on_close = system.type_name in ("s3", "gcs", "abfs")
        place = path if whole_on_close else f"{path}.part"
        stream = system.open_output_stream(place)
        stream.write(content)
        stream.close()
        if place != path:
            system.move(place, path)

    _patiently(put, location, "cannot be written")


def names_in(folder: str) -> list[str]:
    """Names of the files in a folder, in order, without its lock; none if it is not there.

    Raises
    ------
    InputError
        If that cannot be told, or it is no folder.
    """
    if is_local(folder):
        path = local_path(folder)
        if path.exists() and not path.is_dir():
            raise InputError(f"{printable(folder)}: this is a file; expected a folder for results.")
        names = (child.name for child in path.iterdir()) if path.is_dir() else ()
        return sorted(name for name in names if name != LOCK)

    def listed() -> list[str]:
        arrow = require("pyarrow.fs", EXTRA)
        system, path = _system(folder)
        found = system.get_file_info(arrow.FileSelector(path, allow_not_found=True))
        return sorted(info.base_name for info in found)

    return _patiently(listed, folder, "cannot be listed")


@contextmanager
def only_writer(folder: str) -> Iterator[None]:
    """Make a folder for results, and refuse it to others while the block runs.

    Stores have no locks: there nobody is refused. A folder to which nothing was written goes again.

    Raises
    ------
    InputError
        If another run writes to it, or it is no folder.
    """
    if not is_local(folder):
        yield
        return
    path = local_path(folder)
    names_in(folder)  # says what is wrong with it
    made = not path.exists()
    try:
        with ExitStack() as stack:
            with suppress(OSError):  # where no lock can be made, nothing can be written either
                path.mkdir(parents=True, exist_ok=True)
                stack.enter_context(alone(path / LOCK, f"{printable(folder)}: {IN_USE}"))
            yield
    finally:
        if made:
            with suppress(OSError):
                path.rmdir()


def open_arrow(location: str) -> Any:
    """A file for pyarrow to read in parts.

    Raises
    ------
    InputError
        If it cannot be opened.
    """

    def opened() -> Any:
        system, path = _system(location)
        return system.open_input_file(path)

    return _patiently(opened, location, "cannot be read")


def _opened(location: str) -> Any:
    if location.lower().startswith(("http://", "https://")):
        # Without pyarrow in between, which loses what the server answered.
        return _web().open(location, "rb", block_size=CHUNK)
    system, path = _system(location)
    return system.open_input_stream(path)


def _system(location: str) -> tuple[Any, str]:
    """The file system of a location, and its path there.

    Raises
    ------
    InputError
        If nothing here knows the scheme of the URI.
    """
    if is_local(location):
        return _local(), str(local_path(location))
    match = _URI.match(location)
    assert match is not None
    scheme, rest = match[1].lower(), match[2]
    if scheme in ("http", "https"):
        arrow = require("pyarrow.fs", EXTRA)
        return arrow.PyFileSystem(arrow.FSSpecHandler(_web())), location
    if scheme in ("s3", "gs", "gcs"):
        return _bucket(scheme, rest.partition("/")[0]), rest
    return _other(location)


@lru_cache(maxsize=1)
def _local() -> Any:
    return require("pyarrow.fs", EXTRA).LocalFileSystem()


@lru_cache(maxsize=1)
def _web() -> Any:
    require("aiohttp", EXTRA)
    return require("fsspec", EXTRA).filesystem("http")


@lru_cache(maxsize=64)
def _bucket(scheme: str, name: str) -> Any:
    arrow = require("pyarrow.fs", EXTRA)
    # Small objects are put by one request and not by three.
    options = "?allow_delayed_open=true" if scheme == "s3" else ""
    return arrow.FileSystem.from_uri(f"{scheme}://{name}{options}")[0]


def _other(location: str) -> tuple[Any, str]:
    """A file system that pyarrow knows by its scheme, or fsspec does."""
    arrow = require("pyarrow.fs", EXTRA)
    try:
        system, path = arrow.FileSystem.from_uri(location)
    except ValueError:
        fsspec = require("fsspec", EXTRA)
        try:
            found, path = fsspec.core.url_to_fs(location)
        except (ValueError, ImportError) as error:
            raise InputError(f"{printable(location)}: {reason(error)}.") from error
        system = arrow.PyFileSystem(arrow.FSSpecHandler(found))
    return system, str(path)


def _patiently(action: Callable[[], T], location: str, wrong: str) -> T:
    """Do something in a store, again and again while it fails as stores do now and then."""
    for tried in range(1, TRIES + 1):
        try:
            return action()
        except InputError:
            raise
        except Exception as error:  # fsspec's file systems raise errors of their own libraries
            passing = _is_passing(error)
            if isinstance(error, FileNotFoundError) and not passing:
                raise InputError(f"{printable(location)}: no such file.") from error
            if tried == TRIES or not passing:
                raise InputError(f"{printable(location)} {wrong} ({reason(error)}).") from error
        time.sleep(min(LONGEST_PAUSE, 0.25 * 2**tried) * random.random())
    raise AssertionError("the last try returns or raises")


def _is_passing(error: Exception) -> bool:
    """Whether an error of a store may be none when it is asked again."""
    status = _status(error)
    if status is not None:
        return status >= 500 or status in (408, 429)
    if isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError)):
        return False
    if any(word in str(error) for word in _FINAL):
        return False
    return isinstance(error, (OSError, TimeoutError)) or type(error).__module__.startswith(
        "aiohttp"
    )


def _status(error: BaseException | None) -> int | None:
    """What a web server answered; fsspec says of any answer that there is no such file."""
    while error is not None:
        if isinstance(status := getattr(error, "status", None), int):
            return status
        error = error.__cause__ or error.__context__
    return None
