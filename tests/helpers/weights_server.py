"""A synthetic checkpoint with the layout of the published VGG16, and a server that misbehaves.

The layout is written out here by hand, after the module list that torchvision documents for its
VGG16 (`features` 0 to 30, `classifier` 0, 3, 6), so that it is independent of the package's table.
"""

from __future__ import annotations

import io
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.synchronize import Event

import torch

# Position in `features`: name in the VGG paper's style, input and output channels.
VGG16 = {
    0: ("conv1_1", 3, 64),
    2: ("conv1_2", 64, 64),
    5: ("conv2_1", 64, 128),
    7: ("conv2_2", 128, 128),
    10: ("conv3_1", 128, 256),
    12: ("conv3_2", 256, 256),
    14: ("conv3_3", 256, 256),
    17: ("conv4_1", 256, 512),
    19: ("conv4_2", 512, 512),
    21: ("conv4_3", 512, 512),
    24: ("conv5_1", 512, 512),
    26: ("conv5_2", 512, 512),
    28: ("conv5_3", 512, 512),
}
KEPT = [name for name, _, _ in VGG16.values()][:11]


def checkpoint() -> OrderedDict[str, torch.Tensor]:
    """True names and shapes; layer `i` is filled with `i`, its bias with `-i`.

    One stored number stands for a whole layer (stride 0), so the file stays small; some noise in
    the classifier makes it long enough to be interrupted.
    """
    state: OrderedDict[str, torch.Tensor] = OrderedDict()
    for index, (_, inputs, outputs) in VGG16.items():
        value = torch.tensor([float(index)])
        state[f"features.{index}.weight"] = value.expand(outputs, inputs, 3, 3)
        state[f"features.{index}.bias"] = -value.expand(outputs)
    noise = torch.randn(100, 1000, generator=torch.Generator().manual_seed(0))
    for index in (0, 3, 6):
        state[f"classifier.{index}.weight"] = noise
        state[f"classifier.{index}.bias"] = torch.zeros(100)
    return state


def saved(state: object, *, legacy: bool = True) -> bytes:
    """Bytes of `torch.save`; the published file has the form that torch wrote before 1.6."""
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


Answer = Callable[["_Handler", bytes], None]


def whole(handler: _Handler, data: bytes) -> None:
    """As a good server does, ranges included."""
    start = handler.first_byte()
    handler.begin(206 if start else 200, len(data) - start, start, len(data))
    handler.wfile.write(data[start:])


def without_ranges(handler: _Handler, data: bytes) -> None:
    """From the beginning, whatever was asked for."""
    handler.begin(200, len(data))
    handler.wfile.write(data)


def without_length(handler: _Handler, data: bytes) -> None:
    """Without saying how long the file is."""
    handler.begin(200, None)
    handler.wfile.write(data)


def truncated(size: int) -> Answer:
    """`size` bytes, then the connection ends."""

    def answer(handler: _Handler, data: bytes) -> None:
        start = handler.first_byte()
        handler.begin(206 if start else 200, len(data) - start, start, len(data))
        handler.wfile.write(data[start : start + size])

    return answer


def stalled(size: int) -> Answer:
    """`size` bytes, then silence with the connection open."""

    def answer(handler: _Handler, data: bytes) -> None:
        handler.server.plan.until_silence = size  # type: ignore[attr-defined]
        truncated(size)(handler, data)
        handler.wfile.flush()
        handler.server.closing.wait()  # type: ignore[attr-defined]

    return answer


def held(event: Event) -> Answer:
    """The whole file, when something has happened."""

    def answer(handler: _Handler, data: bytes) -> None:
        event.wait()
        whole(handler, data)

    return answer


def status(code: int) -> Answer:
    """An error."""
    return lambda handler, data: handler.send_error(code)


def other(data: bytes) -> Answer:
    """Something else under the name of the file."""
    return lambda handler, _: whole(handler, data)


def wrong_range(handler: _Handler, data: bytes) -> None:
    """A part, but not the one asked for."""
    handler.begin(206, len(data), 0, len(data))
    handler.wfile.write(data)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        plan: WeightsServer = self.server.plan  # type: ignore[attr-defined]
        plan.requests.append((self.path, self.headers.get("Range")))
        plan.until_silence = None
        answer = plan.answers.pop(0) if plan.answers else whole
        # The client gives up where a test wants it.
        with suppress(BrokenPipeError, ConnectionResetError):
            answer(self, plan.data)

    def first_byte(self) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found else 0

    def begin(self, code: int, length: int | None, start: int = 0, total: int = 0) -> None:
        self.send_response(code)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if code == 206:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class WeightsServer:
    """What a running server serves, in which ways one after the other, and what was asked of it.

    Attributes
    ----------
    until_silence : bytes that are still to be read of the last answer before it falls silent; None
        if it does not.
    """

    url: str
    data: bytes
    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    until_silence: int | None = None


@contextmanager
def serve(data: bytes) -> Iterator[WeightsServer]:
    """Serve `data` under every name on a free local port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        plan = WeightsServer(f"http://127.0.0.1:{server.server_address[1]}", data)
        server.plan = plan  # type: ignore[attr-defined]
        server.closing = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield plan
        finally:
            server.closing.set()  # type: ignore[attr-defined]
            server.shutdown()
            thread.join()
