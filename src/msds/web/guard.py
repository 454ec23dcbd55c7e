"""What stands before every request: who may ask, how much, and how many at once."""

from __future__ import annotations

import asyncio
import hmac
import sys
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from msds.web.refusals import AGAIN, RefusedError
from msds.web.settings import Access, Limits

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "msds-token"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: its own files, and pictures that it has made itself."""

HEADERS = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
)

_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/api/health",)
"""What tells nothing, and is asked by programs that have no token."""


class Guard:
    """Lets requests through to an application, or refuses them.

    Parameters
    ----------
    app : the application.
    access : who may ask.
    limits : how much.

    Attributes
    ----------
    app : the application.
    waiting : requests with a body that are worked on, or wait.
    answered : those that were.
    """

    def __init__(self, app: App, access: Access, limits: Limits) -> None:
        self.app = app
        self._access = access
        self._limits = limits
        self._bytes = 0
        self.waiting: int = 0
        self.answered: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        replies, body = _Replies(send), _Body(receive)
        try:
            await self._let_through(scope, body, replies)
        except RefusedError as refusal:
            if replies.started:
                raise
            await body.drain(2 * self._limits.body, self._limits.patience)
            await _refuse(replies, refusal)
        except Exception as error:  # costs this request and not the server
            traceback.print_exc(file=sys.stderr)
            if not replies.started:
                what = f"This should not have happened ({type(error).__name__})."
                await _refuse(replies, RefusedError(500, what))

    async def _let_through(self, scope: Scope, receive: Receive, send: _Replies) -> None:
        headers = _headers(scope)
        self._check_host(headers)
        shown = self._check_token(scope, headers)
        if shown is not None:
            await _redirect(send, scope["path"], shown)
            return
        if scope["method"] in _SAFE:
            await self.app(scope, receive, send)
            return
        _check_origin(headers)
        length = _length(headers)
        if length is not None and length > self._limits.body:
            raise self._too_large()
        expected = self._limits.body if length is None else length
        full = self.waiting >= self._limits.requests
        if full or (self._bytes and self._bytes + expected > self._limits.bodies):
            raise RefusedError(503, "Too many requests wait already; try again in a moment.", AGAIN)
        self.waiting += 1
        self._bytes += expected
        try:
            await self.app(scope, self._counted(receive), send)
        finally:
            self.waiting -= 1
            self.answered += 1
            self._bytes -= expected

    def _check_host(self, headers: dict[str, str]) -> None:
        host = headers.get("host", "")
        if not self._access.knows(host):
            raise RefusedError(
                421,
                f"This server is not known as {host[:200]!r}; start it with --allow-host if it is.",
            )

    def _check_token(self, scope: Scope, headers: dict[str, str]) -> str | None:
        """None to go on, or the token that was shown in the address and is to be a cookie."""
        token = self._access.token
        if not token or scope["path"] in _OPEN:
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(given.strip(), token):
            return None
        if _same(_cookie(headers), token):
            return None
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if scope["method"] == "GET" and _same(query.get("token", [""])[0], token):
            return token
        raise RefusedError(
            401,
            "This server needs a token: open the address that `msds serve` printed, or send the "
            "header Authorization: Bearer TOKEN.",
            {"www-authenticate": "Bearer"},
        )

    def _counted(self, receive: Receive) -> Receive:
        """The body as it comes, up to the limit and while it comes."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            try:
                message = await asyncio.wait_for(receive(), self._limits.patience)
            except asyncio.TimeoutError:
                raise RefusedError(408, "The rest of the request did not come.") from None
            seen += len(message.get("body", b""))
            if seen > self._limits.body:
                raise self._too_large()
            return message

        return counted

    def _too_large(self) -> RefusedError:
        return RefusedError(
            413, f"A request may have {self._limits.body >> 20} MiB; send fewer or smaller files."
        )


class _Body:
    """What is sent to us, until it ends."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drain(self, most: int, patience: float) -> None:
        """Take the rest and drop it: who is still sending would not hear the answer."""
        with suppress(asyncio.TimeoutError):
            while most > 0 and not self._ended:
                message = await asyncio.wait_for(self(), patience)
                most -= len(message.get("body", b""))


class _Replies:
    """Sends answers with the headers that every one has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = [(name.lower(), value) for name, value in message.get("headers", ())]
            names = {name for name, _ in given}
            given += [
                (name.encode(), value.encode())
                for name, value in HEADERS
                if name.encode() not in names
            ]
            message = {**message, "headers": given}
        await self._send(message)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]}  # fmt: skip


def _length(headers: dict[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() else None


def _cookie(headers: dict[str, str]) -> str:
    with suppress(CookieError):
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        return found.value if found is not None else ""
    return ""


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _check_origin(headers: dict[str, str]) -> None:
    """Refuse what a page of somebody else sends: it can do so without being let read the answer."""
    origin = headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != headers.get("host", "")
    if elsewhere or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RefusedError(403, "This request comes from a page of another site.")


async def _refuse(send: _Replies, refusal: RefusedError) -> None:
    headers = {"content-type": "application/json", **refusal.headers}
    await _answer(send, refusal.status, headers, refusal.body)


async def _redirect(send: _Replies, path: str, token: str) -> None:
    """To the same page without the token in its address."""
    cookie = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"
    where = "/" + path.encode("ascii", "replace").decode().lstrip("/")
    await _answer(send, 303, {"location": where, "set-cookie": cookie}, b"")


async def _answer(send: _Replies, status: int, headers: dict[str, str], body: bytes) -> None:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    sent.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
