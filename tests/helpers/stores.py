"""An S3-compatible server on this machine that turns requests away, as busy ones do."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

THROTTLED, FAILING = "throttled", "failing"
BUCKETS = (THROTTLED, FAILING)
SHARE = 0.3
"""Of the requests that are turned away."""

_SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)
_BROKEN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code>'
    b"<Message>We encountered an internal error.</Message></Error>"
)
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Busy:
    """A WSGI application that turns away a share of the requests to some buckets.

    Attributes
    ----------
    is_busy : whether it does; not from the start.
    turned_away : how many requests, by bucket.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], seed: int) -> None:
        self._application = application
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.turned_away: Counter[str] = Counter()
        self.is_busy = False

    def __call__(self, environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        bucket = environ["PATH_INFO"].strip("/").partition("/")[0]
        with self._lock:
            refused = self.is_busy and bucket in BUCKETS and self._random.random() < SHARE
            self.turned_away[bucket] += refused
        if not refused:
            return self._application(environ, respond)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        slow = bucket == THROTTLED
        status = "503 Slow Down" if slow else "500 Internal Server Error"
        respond(status, [("Content-Type", "application/xml")])
        return [_SLOW_DOWN if slow else _BROKEN]


@contextmanager
def busy_store(seed: int) -> Iterator[tuple[str, Busy]]:
    """Moto's S3 server with its buckets made; its address, and what it turned away."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = Busy(DomainDispatcherApplication(create_backend_app), seed)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", application
    finally:
        server.shutdown()
        thread.join()
