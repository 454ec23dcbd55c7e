"""What the server may be asked for, and by whom."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Of one server; what goes beyond is refused in a sentence.

    Attributes
    ----------
    body : bytes of a request.
    bodies : bytes of all requests that are worked on or wait.
    images : that one request may have.
    pixels : of an image; looked at in its header before anything is decoded.
    decoding_bytes : memory that decoding one image may take.
    decoding_seconds : that decoding one image may take.
    requests : that are worked on or wait, beyond which the next is told to come again.
    patience : seconds to wait for more of a request's body.
    kept : references that stay encoded because somebody asked for it.
    kept_seconds : how long they stay after they were last used.
    pending_bytes : pixels that wait for the model; more wait in the workers.
    """

    body: int = 256 * MIB
    bodies: int = 1024 * MIB
    images: int = 64
    pixels: int = 100_000_000
    decoding_bytes: int = 1536 * MIB
    decoding_seconds: int = 60
    requests: int = 32
    patience: float = 30.0
    kept: int = 32
    kept_seconds: float = 3600.0
    pending_bytes: int = 512 * MIB


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes
    ----------
    hosts : names that a request may call this server by, besides addresses in digits; any other is
        refused, since it may be a page elsewhere that had its own name lead here.
    token : what every request must show; "" where none is needed.
    """

    hosts: tuple[str, ...] = ("localhost",)
    token: str = ""

    def knows(self, host: str) -> bool:
        """Whether a Host header, with or without a port, is one of ours."""
        name = _without_port(host).lower()
        return name in self.hosts or is_address(name)


def is_address(name: str) -> bool:
    """Whether a name is an address in digits, which no other name can be made to lead to."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
