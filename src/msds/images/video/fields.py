"""Frames of two fields made whole, by FFmpeg's filter bwdif."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from msds.errors import require
from msds.images.video.container import EXTRA
from msds.images.video.decoding import Frame


def progressive(frames: Iterator[Frame]) -> Iterator[Frame]:
    """As many frames as come in, those of two fields made one moment's; the others as they are."""
    lost: deque[Frame] = deque()
    for frame in _filtered(frames, lost):
        # The filter is a frame behind: what was lost is told when all before it is out.
        while lost and lost[0].time < frame.time:
            yield lost.popleft()
        yield frame
    yield from lost


def _filtered(frames: Iterator[Frame], lost: deque[Frame]) -> Iterator[Frame]:
    """What the filter makes of the frames; those that could not be decoded go to `lost`."""
    av = require("av", EXTRA)
    graph: Any = None
    stamp = 0
    times: dict[int, Fraction] = {}
    for frame in frames:
        if frame.picture is None:
            lost.append(frame)
            continue
        if graph is None:
            graph = _graph(av, frame.picture)
        stamp += 1
        times[stamp] = frame.time
        picture = frame.picture
        picture.pts, picture.time_base = stamp, Fraction(1, 1000)
        graph.push(picture)
        yield from _pulled(graph, times)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph, times)


def _graph(av: Any, picture: Any) -> Any:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=picture.width,
        height=picture.height,
        format=picture.format,
        time_base=Fraction(1, 1000),
    )
    filtered = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(filtered)
    filtered.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: Any, times: dict[int, Fraction]) -> Iterator[Frame]:
    while True:
        try:
            picture = graph.pull()
        except (BlockingIOError, EOFError):  # it waits for more, or has given all
            return
        stamp = round(Fraction(picture.pts) * picture.time_base * 1000)
        yield Frame(times.pop(stamp), picture)
