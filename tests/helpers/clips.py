"""Small clips made by PyAV's own encoders, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

RATE = 25
WIDTH, HEIGHT = 96, 80

Planes = Sequence[npt.NDArray[Any]]

LOSSLESS = {"qp": "0", "preset": "ultrafast"}
"""Options of libx264."""


def scene(count: int, seed: int = 0, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> list[Planes]:
    """Frames of 8-bit Y, Cb, Cr in 4:2:0: a still texture over which a square wanders."""
    height, width = shape
    generator = np.random.default_rng(seed)
    coarse = generator.integers(40, 200, (height // 8, width // 8)).astype(np.float64)
    texture = np.kron(coarse, np.ones((8, 8)))
    ramp = np.linspace(-20, 20, width)[None]
    fine = generator.normal(0, 6, (height, width))
    blue = np.kron(generator.integers(90, 166, (height // 16, width // 16)), np.ones((8, 8)))
    frames = []
    for k in range(count):
        luma = texture + ramp + fine
        top, left = (3 * k) % (height - 20), (5 * k) % (width - 20)
        luma[top : top + 16, left : left + 16] = 225
        cb = blue.copy()
        cb[top // 2 : top // 2 + 8, left // 2 : left // 2 + 8] = 80
        cr = 256 - cb
        frames.append([np.clip(np.rint(p), 16, 235).astype(np.uint8) for p in (luma, cb, cr)])
    return frames


def picture(planes: Planes, layout: str, width: int | None = None) -> av.VideoFrame:
    """A frame of these planes, in the order that FFmpeg gives them, without any conversion.

    Parameters
    ----------
    width : in pixels, where several samples of a plane make one.
    """
    height = planes[0].shape[0]
    frame = av.VideoFrame(width or planes[0].shape[1], height, layout)
    for plane, values in zip(frame.planes, planes, strict=True):
        kind = values.dtype.newbyteorder("<")
        rows = np.zeros((plane.height, plane.line_size // kind.itemsize), kind)
        rows[: values.shape[0], : values.shape[1]] = values
        plane.update(rows.tobytes())
    return frame


def write_clip(
    path: Path,
    frames: Iterable[Planes],
    *,
    codec: str = "libx264",
    layout: str = "yuv420p",
    rate: int | Fraction = RATE,
    times: Sequence[int] | None = None,
    options: Mapping[str, str] | None = None,
    colour: Mapping[str, int] | None = None,
    rotation: int = 0,
    interlaced: bool = False,
) -> Path:
    """Encode frames.

    Parameters
    ----------
    times : of the frames, in intervals of the rate; 0, 1, 2, ... by default.
    options : of the encoder; lossless libx264 by default.
    colour : of the codec's context, such as `colorspace`, as H.273 numbers them.
    rotation : degrees by which players are to turn it, counter-clockwise.
    """
    chosen = dict(LOSSLESS if options is None and codec == "libx264" else options or {})
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=chosen)
        for number, planes in enumerate(frames):
            frame = picture(planes, layout)
            if number == 0:
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, layout
                for name, value in (colour or {}).items():
                    setattr(stream.codec_context, name, value)
                if interlaced:
                    stream.codec_context.flags |= 1 << 18 | 1 << 29
                if rotation:
                    stream.set_display_rotation(rotation)
            frame.pts = number if times is None else times[number]
            frame.time_base = 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remux(source: Path, target: Path) -> Path:
    """The same packets in another container."""
    with av.open(str(source)) as inside, av.open(str(target), "w") as outside:
        stream = inside.streams.video[0]
        copy = outside.add_stream_from_template(stream)
        for packet in inside.demux(stream):
            if packet.dts is None:
                continue
            packet.stream = copy
            outside.mux(packet)
    return target


def write_broken(path: Path) -> Path:
    """A file that has the name of a video and is none."""
    path.write_bytes(b"no video" * 100)
    return path
