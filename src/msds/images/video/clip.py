"""`Clip`: a video file, its frames with their times, and the pixels that they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import torch

from msds.errors import InputError
from msds.images.colour import finish
from msds.images.formats.decode import meant_transfer
from msds.images.formats.header import Header
from msds.images.image import Decoded, Image
from msds.images.limits import Limits, check_file, check_memory, check_size, display_name
from msds.images.transfer import SRGB, Transfer, numbered_primaries, parse_transfer
from msds.images.video.coding import Coding
from msds.images.video.container import duration, interval, opened
from msds.images.video.decoding import Frame, check_progressive, decoded
from msds.images.video.display import TURNS, orientation_of
from msds.images.video.fields import progressive
from msds.images.video.planes import pixels_of

INTERLACED = ("weave", "bwdif")
"""How frames of two fields can be meant."""

_FRAME_BYTES = 44
"""Of a pixel of a frame, while it becomes RGB: planes, chroma of full size, and the result."""

_IN_FLIGHT_BYTES = 3
"""Of a pixel of a decoded frame that waits."""

WAITING = 12
"""Decoded frames of a clip that wait, with those that the decoder itself keeps."""


@dataclass(frozen=True)
class Clip:
    """What is known of a video before it is decoded.

    Attributes
    ----------
    path, name : of the file.
    width, height : of the frames as they are stored.
    coding : what the file says of its colour.
    interval : usual time from frame to frame, in seconds.
    duration : in seconds, if the file says so.
    interlaced : one of `INTERLACED`, or None if such frames are refused.
    transfer : how the samples are meant.
    """

    path: Path
    name: str
    width: int
    height: int
    coding: Coding
    interval: Fraction
    duration: Fraction | None
    background: str = "white"
    interlaced: str | None = None
    transfer: Transfer = SRGB
    limits: Limits = field(default_factory=Limits)

    def frames(self, start: Fraction | None = None) -> Iterator[Frame]:
        """Frames in the order of their times; a generator that closes the file at its end.

        Parameters
        ----------
        start : seconds; frames before may come as well.

        Raises
        ------
        InputError
            While frames are read, if they are interlaced and nobody said how that is meant.
        """
        frames = decoded(self.path, self.name, start, self.limits.pixels)
        if self.interlaced == "bwdif":
            frames = progressive(frames)
        for frame in frames:
            if self.interlaced is None and frame.picture is not None:
                check_progressive(frame.picture, self.name)
            yield frame

    def coding_of(self, frame: Frame, assumed: Coding | None = None) -> Coding:
        """How the samples of a frame are coded, with nothing left open.

        Parameters
        ----------
        assumed : what holds where neither the frame nor the file says anything.
        """
        stated = Coding.stated(frame.picture).over(self.coding)
        if assumed is not None:
            stated = stated.over(assumed)
        return stated.settled(self.width, self.height)

    def image(self, frame: Frame, assumed: Coding | None = None) -> Image:
        """The pixels of a frame as the metric takes them: (3, H, W) float32 in [0, 1], sRGB.

        Raises
        ------
        InputError
            If its layout, matrix, size or rotation is none that is read.
        """
        picture = frame.picture
        check_size(picture.width, picture.height, self.limits.pixels, self.name)
        coding = self.coding_of(frame, assumed)
        colour, alpha = pixels_of(picture, coding, self.name)
        orientation = orientation_of(picture, self.name)
        primaries = numbered_primaries(coding.primaries)
        colour = colour.clamp_(0, 1) if colour.is_contiguous() else colour.clamp(0, 1)
        if self.transfer == SRGB and primaries is None and orientation == 1 and alpha is None:
            return Image(colour.contiguous(), (), self.name)
        planes = colour if alpha is None else torch.cat((colour, alpha[None]))
        samples = planes.permute(1, 2, 0).contiguous().numpy()
        found = Decoded(
            samples,
            "rgb",
            alpha=alpha is not None,
            maximum=1.0,
            primaries=primaries,
            transfer=coding.transfer,
            orientation=orientation,
            turning=f"display matrix ({TURNS.get(orientation, 'none')})",
        )
        return finish(found, self.name, self.background, self.transfer)


def open_clip(
    path: Path,
    *,
    background: str = "white",
    transfer: str | None = None,
    interlaced: str | None = None,
    max_pixels: int | None = None,
    memory: int | None = None,
) -> Clip:
    """Look at a video file; nothing of it is decoded yet but what FFmpeg needs to know it.

    Parameters
    ----------
    path : the file.
    background, transfer, max_pixels : as of `msds.load_image`.
    interlaced : how frames of two fields are meant: ``"weave"``, as they are stored, or
        ``"bwdif"``, made whole frames by FFmpeg's filter of that name. Refused if not given.
    memory : bytes that decoding may take; any amount by default.

    Raises
    ------
    InputError
        If it is missing, no video, too large, or has to be told how it is meant and is not.
    MissingExtraError
        If PyAV, of the extra `video`, is not there.
    """
    if interlaced is not None and interlaced not in INTERLACED:
        raise InputError(f"interlaced is {interlaced!r}; expected {' or '.join(INTERLACED)}.")
    name = display_name(path)
    check_file(path, name)
    limits = Limits(memory=memory) if max_pixels is None else Limits(max_pixels, memory)
    with opened(path, name, limits.pixels) as (container, stream):
        codec = stream.codec_context
        check_size(codec.width, codec.height, limits.pixels, name)
        pixels = codec.width * codec.height
        check_memory(pixels * (_FRAME_BYTES + WAITING * _IN_FLIGHT_BYTES), limits, name)
        coding = Coding.stated(codec)
        header = Header("video", primaries=coding.primaries, transfer=coding.transfer)
        asked = None if transfer is None else parse_transfer(transfer)
        return Clip(
            path,
            name,
            codec.width,
            codec.height,
            coding,
            interval(stream),
            duration(container, stream),
            background,
            interlaced,
            meant_transfer(header, asked, name),
            limits,
        )
