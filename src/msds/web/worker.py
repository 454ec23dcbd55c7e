"""A process that decodes images for the server, within limits that the system enforces.

Files of strangers are decoded by many libraries in C. Here a fault of one of them costs a process
that has nothing but the image, may write no file larger than it was sent, and is replaced.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msds.web.wire import receive_bytes, receive_head, send

if TYPE_CHECKING:
    import torch


_ROWS = 64
_SLACK = 256 << 20
"""Address space that libraries take when they are first used, whatever the image."""


def main() -> None:
    """Answer requests on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which closes the pipe
    limits = json.loads(sys.argv[1])
    requests = sys.stdin.buffer
    with open(os.dup(1), "wb") as replies:
        os.dup2(2, 1)  # whatever a library prints
        _prepare()
        _confine(limits)
        send(replies, {"ready": True})
        with suppress(EOFError, BrokenPipeError):
            while True:
                about, size = receive_head(requests)
                data = bytes(receive_bytes(requests, size))
                _limit_time(limits["seconds"])
                send(replies, *_answer(about, data))


def _prepare() -> None:
    """Import what decoding needs, so that the first image does not wait for it."""
    import torch

    from msds.images import load_image

    torch.set_num_threads(1)
    load_image(torch.zeros(3, 1, 1))


def _confine(limits: dict[str, int]) -> None:
    """Have the system enforce the limits, where it can."""
    try:
        import resource
    except ImportError:  # Windows: the server's clock and the check of headers remain
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file"], limits["file"]))
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + limits["memory"] + _SLACK
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_time(seconds: int) -> None:
    """Let the system end this process if it computes for longer than this from now."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _answer(about: dict[str, Any], data: bytes) -> tuple[dict[str, Any], memoryview]:
    """What is sent back: pixels, a picture, or why there is none."""
    from msds.encoding.shortage import is_out_of_memory
    from msds.errors import MSDSError
    from msds.images import load_codes

    try:
        image = load_codes(data, **about["reading"])
        said = {"width": image.width, "height": image.height, "notes": list(image.notes)}
        if about["want"] == "picture":
            return said, memoryview(_png(image.pixels, about.get("side")))
        pixels = packed(image.pixels)
        content = pixels.contiguous().numpy()
        said["kind"] = str(content.dtype)
        said["sha256"] = hashlib.sha256(data).hexdigest()
        digest = hashlib.sha256(f"{content.dtype} {content.shape}".encode())
        digest.update(content.data)
        said["content"] = digest.hexdigest()
        return said, content.data.cast("B")
    except MSDSError as error:
        return {"error": str(error)}, memoryview(b"")
    except Exception as error:  # whatever a decoder raises
        if is_out_of_memory(error):
            return {"error": "<bytes>: not enough memory to decode this image."}, memoryview(b"")
        reason = f"{type(error).__name__}: {error}".rstrip(".")
        return {"error": f"<bytes>: cannot be read ({reason})."}, memoryview(b"")


def packed(pixels: torch.Tensor) -> torch.Tensor:
    """(3, H, W) float32 pixels as bytes if all are multiples of 1/255, else as they are."""
    import numpy as np
    import torch

    if not pixels.is_floating_point():
        return pixels
    values = pixels.numpy()
    multiples = np.arange(256, dtype=np.float32) / np.float32(255)
    codes = np.empty(values.shape, np.uint8)
    for plane, coded in zip(values, codes, strict=True):
        for top in range(0, len(plane), _ROWS):  # few stay in the cache
            rows, some = plane[top : top + _ROWS], coded[top : top + _ROWS]
            np.copyto(some, rows * np.float32(255) + np.float32(0.5), casting="unsafe")
            if not np.array_equal(multiples[some], rows):
                return pixels
    return torch.from_numpy(codes)


def _png(pixels: torch.Tensor, side: int | None) -> bytes:
    """What the metric sees, as a PNG; at most `side` pixels wide or high if that is given."""
    from PIL import Image as Pictures

    from msds.report.pictures import within

    codes = packed(pixels)
    if codes.is_floating_point():
        codes = codes.mul(255).round_().byte()
    picture = Pictures.fromarray(codes.permute(1, 2, 0).contiguous().numpy())
    if side is not None:
        picture = within(picture, side)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
