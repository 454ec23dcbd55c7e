"""Serving the page until it is stopped."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msds.errors import InputError, require
from msds.web.app import EXTRA, make_app
from msds.web.settings import Access, Limits, is_address, is_loopback

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

TOKEN_VARIABLE = "MSDS_TOKEN"
"""Variable of the environment that may hold the token."""

_BACKLOG = 256
_GRACE_SECONDS = 10
_LEAST_TOKEN = 16


@dataclass(frozen=True)
class Place:
    """Where a server listens.

    Attributes
    ----------
    host : name or address; what is not loopback needs a token.
    port : 0 for any that is free.
    hosts : more names that it may be called by.
    """

    host: str = "127.0.0.1"
    port: int = 8737
    hosts: Sequence[str] = ()

    def access(self) -> Access:
        """Who may ask: whoever is on this machine, or has the token.

        Raises
        ------
        InputError
            If the token in the environment is too short.
        """
        names = ["localhost", *self.hosts]
        token = os.environ.get(TOKEN_VARIABLE, "")
        if not is_loopback(self.host):
            names += [socket.gethostname(), socket.getfqdn()]
            token = token or secrets.token_urlsafe(24)
        if token and (len(token) < _LEAST_TOKEN or not token.isascii() or not token.isprintable()):
            raise InputError(
                f"The token in {TOKEN_VARIABLE} has {len(token)} characters; expected at least "
                f"{_LEAST_TOKEN}, all of them ASCII."
            )
        if not is_address(self.host):
            names.append(self.host)
        return Access(tuple(name.lower() for name in names), token)


def serve(
    metric: MSDS,
    place: Place,
    limits: Limits | None = None,
    *,
    workers: int = 2,
    started: Callable[[str], None] = print,
) -> None:
    """Serve the page until the process is told to end.

    Parameters
    ----------
    metric : on the device to compute on.
    place : where to listen.
    limits : how much may be asked for.
    workers : processes that decode.
    started : called with the address, and the token in it, once the server listens.

    Raises
    ------
    InputError
        If nothing can listen there.
    MissingExtraError
        If the extra ``web`` is not installed.
    """
    require("uvicorn", EXTRA)
    import uvicorn

    access = place.access()
    with _listening(place) as listener:
        app = make_app(metric, access, limits, workers=workers)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        # Before the application's own beginning, which could only say that it failed.
        app.service.start()
        try:
            started(_address(place.host, listener.getsockname()[1], access.token))
            uvicorn.Server(config).run([listener])
        finally:
            app.service.close()


def _listening(place: Place) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((place.host.strip("[]"), place.port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"Nothing can listen at {place.host}, port {place.port} ({error})."
        ) from error
    return listener


def _address(host: str, port: int, token: str) -> str:
    name = f"[{host}]" if ":" in host else host
    if name in ("0.0.0.0", "[::]"):
        name = socket.gethostname()
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")
