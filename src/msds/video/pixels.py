"""Moments to pixels that can be encoded: colour as meant, and the reference's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image as Pillow

from msds.errors import InputError
from msds.images import Image
from msds.images.video import Clip, Coding, Frame
from msds.video.pairing import Moment


@dataclass(frozen=True)
class Shown:
    """What a frame shows, or why it shows nothing.

    Attributes
    ----------
    image : its pixels, with notes.
    error : why there are none.
    same : whether they are those of the reference.
    """

    image: Image | None = None
    error: str | None = None
    same: bool = False


def shown(
    moment: Moment, reference: Clip, others: Sequence[Clip], *, same_size: bool = False
) -> tuple[Shown, tuple[Shown, ...]]:
    """The pixels of a moment: of the reference, and of each distorted clip."""
    first = _shown(reference, moment.frame, None)
    if first.image is None:
        return first, tuple(first for _ in others)
    assumed = _assumed(reference, moment.frame)
    found = []
    for clip, frame in zip(others, moment.partners, strict=True):
        if frame is None:
            seconds = float(moment.frame.time)
            text = f"{clip.name}: there is no frame at {seconds:.3f} s of the reference."
            found.append(Shown(error=text))
            continue
        one = _shown(clip, frame, assumed)
        found.append(_beside(first.image, one, same_size))
    return first, tuple(found)


def _shown(clip: Clip, frame: Frame, assumed: Coding | None) -> Shown:
    if frame.picture is None:
        return Shown(error=f"{clip.name}: the frame at {float(frame.time):.3f} s {frame.error}.")
    try:
        return Shown(clip.image(frame, assumed))
    except InputError as error:
        return Shown(error=str(error))


def _assumed(clip: Clip, frame: Frame) -> Coding:
    """What holds for a distorted frame that says nothing: what holds for its reference."""
    coding = clip.coding_of(frame)
    if frame.picture.format.is_rgb:  # has no matrix, and a range of its own
        return replace(coding, matrix=Coding().settled(clip.width, clip.height).matrix, full=None)
    return coding


def _beside(reference: Image, one: Shown, same_size: bool) -> Shown:
    if one.image is None:
        return one
    sizes = [(image.width, image.height) for image in (reference, one.image)]
    if sizes[0] != sizes[1]:
        (a, b), (c, d) = sizes
        if same_size:
            return Shown(error=f"sizes differ: {a} x {b} against {c} x {d}.")
        note = f"{c} x {d} scaled to {a} x {b} (Lanczos, coded values)"
        pixels = scaled(one.image.pixels, b, a)
        one = Shown(replace(one.image, pixels=pixels, notes=(*one.image.notes, note)))
    same = one.image is not None and torch.equal(reference.pixels, one.image.pixels)
    return replace(one, same=same)


def scaled(pixels: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """An image of another size: Lanczos of three lobes on coded values, clipped to [0, 1].

    Parameters
    ----------
    pixels : (3, H, W) float32.
    """
    planes = [
        np.asarray(Pillow.fromarray(plane).resize((width, height), Pillow.Resampling.LANCZOS))
        for plane in pixels.numpy()
    ]
    return torch.from_numpy(np.stack(planes)).clamp_(0, 1)
