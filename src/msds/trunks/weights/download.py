"""Fetching one published file: bounded, resumable, checked, and by one process at a time."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from msds.errors import WeightsError
from msds.files import sha256_file
from msds.trunks.weights.published import OFFICIAL_URL, PublishedWeights
from msds.version import __version__

SILENCE = 20.0
"""Seconds without a byte after which a connection is given up."""
RETRIES = 3
"""How often an interrupted transfer or a failing server is tried again."""
BACKOFF = 1.0
"""Seconds before the first retry; doubled for each further one."""

_CHUNK = 1 << 16


class _Response(Protocol):
    """What is used of `http.client.HTTPResponse`."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> http.client.HTTPMessage: ...
    def read1(self, n: int = ...) -> bytes: ...
    def close(self) -> None: ...


class _InterruptedTransferError(Exception):
    """A failure that a later attempt may not meet again."""


def download(published: PublishedWeights, folder: Path) -> Path:
    """Fetch a published file into a folder.

    What has arrived is kept in `FILE.part` and continued by the next attempt. The caller holds the
    lock of the folder (`msds.locks.exclusive`).

    Parameters
    ----------
    published : the file; its size bounds the transfer and its SHA-256 is checked at the end.
    folder : where to put it; must exist.

    Returns
    -------
    Path of the complete file, still called `FILE.part`: it is there to be converted and removed.

    Raises
    ------
    WeightsError
        If the server cannot be reached, does not have the file, fails repeatedly, or sends
        something else.
    OSError
        If the file cannot be written.
    """
    _check_address(published.url)
    part = folder / f"{published.file}.part"
    for attempt in range(RETRIES + 1):
        try:
            _continue(published, part)
            break
        except _InterruptedTransferError as error:
            if attempt == RETRIES:
                raise WeightsError(
                    f"{published.url} could not be fetched in {attempt + 1} attempts ({error}): "
                    f"run the command again to continue, or {published.advice}."
                ) from error
            time.sleep(BACKOFF * 2**attempt)
    found = sha256_file(part)
    if found != published.sha256:
        part.unlink()
        raise WeightsError(
            f"{published.url} is not the published file and was deleted: "
            f"its SHA-256 is {found}, expected {published.sha256}."
        )
    return part


def _check_address(url: str) -> None:
    """Raise unless this is an address that can be asked at all."""
    if not url.startswith(("https://", "http://")):
        raise WeightsError(f"MSDS_WEIGHTS_URL must begin with https:// or http://: {url}")
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
        (parts.hostname or "").encode("idna")
        strange = not (url.isascii() and url.isprintable()) or " " in url
    except ValueError:
        strange = True
    if strange or not parts.hostname:
        raise WeightsError(
            f"MSDS_WEIGHTS_URL gives {url!r}, which is no address; expected something like "
            f"{OFFICIAL_URL}."
        )


def _continue(published: PublishedWeights, part: Path) -> None:
    """Bring `part` to its full size with one request."""
    start = part.stat().st_size if part.exists() else 0
    if start >= published.size:
        return
    response = _request(published, start)
    try:
        if response.status == 206:
            _check_range(response, part, start)
        else:
            start = 0  # the server does not continue files: take it from the beginning
        _check_length(response, published, start)
        with part.open("ab" if start else "wb") as file:
            _receive(response, file, published, start)
    finally:
        response.close()


def _request(published: PublishedWeights, start: int) -> _Response:
    headers = {"User-Agent": f"msds/{__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(published.url, headers=headers)  # scheme checked above
    try:
        response: _Response = urllib.request.urlopen(request, timeout=SILENCE)
    except urllib.error.HTTPError as error:
        error.close()
        answer = f"the server answered {error.code} {error.reason}"
        if error.code >= 500 or error.code in (408, 429):
            raise _InterruptedTransferError(answer) from error
        raise WeightsError(
            f"{published.url} could not be fetched ({answer}): {published.advice}."
        ) from error
    except urllib.error.URLError as error:
        # Raised while connecting: no name, no route, refused. Trying again does not help.
        raise WeightsError(
            f"The {published.name} weights are not on this machine and {published.url} cannot be "
            f"reached ({error.reason}): {published.advice}."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise _InterruptedTransferError(_reason(error)) from error
    return response


def _check_range(response: _Response, part: Path, start: int) -> None:
    answer = response.headers.get("Content-Range", "")
    if not re.match(rf"bytes {start}-", answer):
        part.unlink()
        raise _InterruptedTransferError(f"the server sent {answer!r}, asked for byte {start} on")


def _check_length(response: _Response, published: PublishedWeights, start: int) -> None:
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and start + int(announced) != published.size:
        raise WeightsError(
            f"{published.url} is not the published file: it has {start + int(announced):,} bytes, "
            f"expected {published.size:,}."
        )


def _receive(response: _Response, file: IO[bytes], published: PublishedWeights, start: int) -> None:
    received = start
    with _progress(published, start) as show:
        while received < published.size:
            try:
                chunk = response.read1(min(_CHUNK, published.size - received))
            except (OSError, http.client.HTTPException) as error:
                raise _InterruptedTransferError(_reason(error)) from error
            if not chunk:
                raise _InterruptedTransferError(
                    f"the connection ended after {received:,} of {published.size:,} bytes"
                )
            file.write(chunk)
            received += len(chunk)
            show(received)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing arrived for {SILENCE:g} seconds"
    return str(error) or type(error).__name__


@contextmanager
def _progress(published: PublishedWeights, start: int) -> Iterator[Callable[[int], None]]:
    """Show a transfer on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:  # Rich 13 leaves an empty line also where it is disabled
        yield lambda received: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task(published.file, total=published.size, completed=start)
        yield lambda received: progress.update(task, completed=received)
