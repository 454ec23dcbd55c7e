"""Files that are never half written, and their digests."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from msds.errors import InputError
from msds.locks import lock

# Read once: it can only be read by setting it, and it is one of the whole process.
_UMASK = os.umask(0o022)
os.umask(_UMASK)


@contextmanager
def atomic_write(
    path: str | os.PathLike[str], mode: str = "wb", **options: Any
) -> Iterator[IO[Any]]:
    """Open a temporary file beside `path` that replaces it when the block ends without an error.

    Parameters
    ----------
    path : the file to write; its folder is made if it does not exist. Of a link, what it leads to
        is written; a device or a pipe is written to as it is.
    mode : as for `open`, one that writes.
    options : further arguments of `open`, such as `encoding` and `newline`.

    Raises
    ------
    IsADirectoryError
        If `path` is a folder.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(
            errno.EISDIR, "this is a folder; expected a file", os.fspath(target)
        )
    if target.exists() and not target.is_file():
        with open(target, mode, **options) as file:
            yield file
        return
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(target) as (descriptor, temporary):
        with open(descriptor, mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_UMASK)
        temporary.replace(target)


@contextmanager
def unfinished(target: Path) -> Iterator[tuple[int, Path]]:
    """A new file beside `target` that is to replace it; an error in the block removes it.

    It is the one that a killed process left unfinished, if there is one: so none are heaped up.

    Returns
    -------
    Its descriptor, which whoever writes closes, and its path.

    Raises
    ------
    OSError
        If no file can be made there.
    """
    temporary = target.with_name(f".{target.name}.part")
    lock = _taken(temporary)
    if lock is None:
        descriptor, name = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        )
        temporary = Path(name)
    else:
        descriptor = os.dup(lock)
    try:
        yield descriptor, temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        if lock is not None:
            os.close(lock)


def _taken(path: Path) -> int | None:
    """A descriptor that holds this file, now empty, for this process; None if it cannot."""
    if sys.platform == "win32":  # where no file is replaced by one that is open
        return None
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    made = not path.exists()
    try:
        new = os.O_CREAT | os.O_EXCL if made else 0
        descriptor = os.open(path, flags | new, 0o600)
    except OSError:
        return None
    try:
        if lock(descriptor) and _is_own(os.fstat(descriptor), os.lstat(path)):
            os.ftruncate(descriptor, 0)
            return descriptor
    except OSError:  # no locks on this file system, or the file is gone
        if made:
            path.unlink(missing_ok=True)
    os.close(descriptor)
    return None


def _is_own(opened: os.stat_result, named: os.stat_result) -> bool:
    """Whether an opened file is still what its name means, and can be nobody else's."""
    plain = stat.S_ISREG(opened.st_mode) and opened.st_nlink == 1
    return plain and opened.st_uid == os.geteuid() and os.path.samestat(opened, named)


def remove_unfinished(path: Path) -> None:
    """Remove what processes left that were killed in `atomic_write` of this file, of any name.

    Only whoever holds the lock of the file's journal may: others would lose what they write.
    """
    target = path.resolve()
    for stale in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        stale.unlink(missing_ok=True)


def check_writable(path: str | os.PathLike[str], folder: bool = False) -> None:
    """Refuse an output that cannot be written, before the work that makes it.

    Parameters
    ----------
    path : a file that `atomic_write` is to write.
    folder : whether a folder is to be made of it, or written to, instead.

    Raises
    ------
    InputError
        If it cannot be written, with the reason.
    """
    target = Path(path)
    if target.is_dir() and not folder:
        raise InputError(f"{target}: this is a folder; expected a file.")
    if target.exists() and not (folder or target.is_file()):
        return  # a device or a pipe
    if not (folder or target.resolve().parent.exists()):
        raise InputError(f"{target}: there is no folder {target.parent}; make it first.")
    place = target.resolve() if folder else target.resolve().parent
    while not place.exists():
        place = place.parent
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise InputError(f"{target}: this cannot be written ({error.strerror}).") from error


def same_file(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> bool:
    """Whether both are there and the same, by whatever names."""
    try:
        return Path(first).samefile(second)
    except (OSError, ValueError):
        return False


def sha256_file(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
