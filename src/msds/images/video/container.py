"""Opening a video file: only containers of samples, only this file, and the stream that counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from msds.errors import InputError, require
from msds.text import reason

EXTRA = "video"

_CONTAINERS = (
    "asf,av1,avi,avs2,dnxhd,dv,flv,gxf,h261,h263,h264,hevc,ivf,m4v,matroska,webm,mjpeg,mov,mp4,m4a,"
    "3gp,3g2,mj2,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,rm,vc1,vvc,yuv4mpegpipe"
)
"""Demuxers that read one file; those of playlists and of numbered files would open others."""

_CLOCKS = ("mpegts", "mpeg")
"""Containers whose time stamps count from anywhere: there the first one of any stream is 0."""


@contextmanager
def opened(path: Path, name: str, max_pixels: int) -> Iterator[tuple[Any, Any]]:
    """A container and its stream of video, as long as the block runs.

    FFmpeg decodes a little to know what is in a file.

    Parameters
    ----------
    path, name : of the file.
    max_pixels : frames with more are not decoded for that.

    Raises
    ------
    InputError
        If it is no video, or damaged where it begins; if its size is told by frames alone that
        have too many pixels.
    MissingExtraError
        If PyAV is not there.
    """
    av = require("av", EXTRA)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": _CONTAINERS,
        "max_pixels": str(max_pixels),  # of the decoders that look into the file
    }
    try:
        container = av.open(f"file:{path}", options=options, **_any_text(av.__version__))
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{name}: this cannot be opened as a video, or its beginning is damaged "
            f"({said(error)})."
        ) from error
    with container:
        yield container, _stream(container, name, max_pixels)


def _any_text(version: str) -> dict[str, str]:
    """That titles need not be UTF-8: PyAV 19 takes any, and no longer knows the option."""
    return {"metadata_errors": "replace"} if int(version.split(".")[0]) < 19 else {}


def said(error: Exception) -> str:
    """What FFmpeg says is wrong, without number and name of the file."""
    return getattr(error, "strerror", None) or reason(error)


def _stream(container: Any, name: str, max_pixels: int) -> Any:
    """The stream of video that a player would show: the default one, no cover picture."""
    av = require("av", EXTRA)
    pictures = av.stream.Disposition.attached_pic
    streams = [one for one in container.streams.video if not one.disposition & pictures]
    if not streams:
        kinds = ", ".join(dict.fromkeys(one.type for one in container.streams)) or "nothing"
        raise InputError(f"{name}: there is no video in this file; found {kinds}.")
    known = [one for one in streams if one.codec_context is not None and one.codec_context.width]
    if not known:
        raise InputError(
            f"{name}: there is no decoder for this video, its header is damaged, or its frames "
            f"have more than {max_pixels:,} pixels."
        )
    streams = known
    first = av.stream.Disposition.default
    return next((one for one in streams if one.disposition & first), streams[0])


def origin(container: Any, stream: Any) -> Fraction:
    """Seconds on the container's clock that are 0 on ours."""
    if container.format.name in _CLOCKS and container.start_time is not None:
        return Fraction(container.start_time, 1_000_000)
    return Fraction(0)


def interval(stream: Any) -> Fraction:
    """Usual time from frame to frame in seconds, as the file says or FFmpeg guesses."""
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    return 1 / Fraction(rate) if rate else Fraction(1, 25)


def duration(container: Any, stream: Any) -> Fraction | None:
    """Seconds that the video takes, as the file says."""
    if stream.duration and stream.time_base:
        return Fraction(stream.duration * stream.time_base)
    if container.duration:
        return Fraction(container.duration, 1_000_000)
    return None
