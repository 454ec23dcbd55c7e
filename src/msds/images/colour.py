"""From decoded samples to sRGB pixels: profile, alpha and orientation."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageCms
import torch

from msds.errors import InputError, require
from msds.images.image import Decoded, Image, Samples
from msds.images.transfer import SRGB, Transfer, to_display

Floats = npt.NDArray[np.float32]

_NAMED = {"white": (1.0, 1.0, 1.0), "black": (0.0, 0.0, 0.0)}
_ICC_SPACES = {"GRAY": "grey", "RGB": "rgb", "CMYK": "cmyk"}
_PIL_MODES = {"grey": "L", "rgb": "RGB", "cmyk": "CMYK"}
_INTENT = PIL.ImageCms.Intent.RELATIVE_COLORIMETRIC
_UNREADABLE = "embedded colour profile is unreadable and was not applied"
_BAND_PIXELS = 1 << 17
_FLAGS = PIL.ImageCms.Flags.BLACKPOINTCOMPENSATION | PIL.ImageCms.Flags.HIGHRESPRECALC


def parse_background(background: str) -> tuple[float, float, float]:
    """Colour that shows through transparent pixels: ``"white"``, ``"black"`` or ``"#rrggbb"``."""
    if background in _NAMED:
        return _NAMED[background]
    digits = background[1:]
    if (
        len(background) == 7
        and background[0] == "#"
        and set(digits.lower()) <= set("0123456789abcdef")
    ):
        red, green, blue = bytes.fromhex(digits)
        return red / 255, green / 255, blue / 255
    raise InputError(f"background is {background!r}; expected 'white', 'black' or '#rrggbb'.")


def finish(
    decoded: Decoded,
    name: str,
    background: str,
    transfer: Transfer = SRGB,
    *,
    codes: bool = False,
) -> Image:
    """Turn decoded samples into the pixels the metric takes: (3, H, W) float32 in [0, 1], sRGB.

    Parameters
    ----------
    decoded : what the decoder found.
    name : name of the source, for the result and for errors.
    background : see `parse_background`.
    transfer : how the colour samples are meant.
    codes : whether pixels that are still bytes at the end are left so.
    """
    backdrop = parse_background(background)
    colour = decoded.samples[..., :-1] if decoded.alpha else decoded.samples
    _check_range(decoded, colour, transfer, name)
    opaque = not decoded.alpha or bool(decoded.samples[..., -1].min() == decoded.maximum)
    height, width = decoded.samples.shape[:2]
    turned = (width, height) if decoded.orientation >= 5 else (height, width)
    pixels: torch.Tensor | None = None
    notes = list(decoded.notes)
    # A few rows at a time: what lies between samples and pixels takes several times their memory.
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        band = replace(decoded, samples=decoded.samples[top : top + rows])
        rgb, done = _shown(band, transfer, None if opaque else backdrop)
        if not opaque:
            done.append(f"transparency composited on {background}")
        if pixels is None:
            kept = torch.uint8 if codes and rgb.dtype == np.uint8 else torch.float32
            pixels = torch.empty((3, *turned), dtype=kept)
        _place(rgb, pixels, decoded.orientation, top)
        add_notes(notes, [*decoded.notes, *done])
    if decoded.alpha and opaque:
        notes.append("opaque alpha channel dropped")
    if decoded.orientation != 1:
        turning = decoded.turning or f"EXIF orientation {decoded.orientation}"
        notes.append(f"{turning} applied")
    assert pixels is not None, "an image has at least one row"
    return Image(pixels, tuple(notes), name)


def add_notes(notes: list[str], more: Iterable[str]) -> None:
    """Add the notes of one more part of an image, each once, where it stands among the others."""
    at = 0
    for note in more:
        if note in notes:
            at = notes.index(note) + 1
        else:
            notes.insert(at, note)
            at += 1


def _shown(
    band: Decoded, transfer: Transfer, backdrop: tuple[float, float, float] | None
) -> tuple[Samples, list[str]]:
    """Some rows as (H, W, 3) sRGB, on the backdrop unless it is None, and what was done."""
    notes: list[str] = []
    colour = band.samples[..., :-1] if band.alpha else band.samples
    rgb = _to_srgb(band, colour, transfer, notes)
    if backdrop is not None:
        rgb = _composite(rgb, unit(band.samples[..., -1:], band.maximum), backdrop)
    return rgb, notes


def _place(rgb: Samples, pixels: torch.Tensor, orientation: int, top: int) -> None:
    """Put some rows, as they are stored, where they are seen."""
    for channel, seen in enumerate(pixels.numpy()):
        # From where pixels are seen to where they are stored, the other way than when looking.
        plane = seen[:, ::-1] if orientation in (2, 3, 6, 7) else seen
        plane = plane[::-1] if orientation in (3, 4, 7, 8) else plane
        plane = plane.T if orientation >= 5 else plane
        stored = plane[top : top + len(rgb)]
        if rgb.dtype == np.uint8 and stored.dtype != np.uint8:
            np.divide(rgb[..., channel], np.float32(255), out=stored, dtype=np.float32)
        else:
            stored[...] = rgb[..., channel]


def unit(samples: Samples, maximum: float) -> Floats:
    """Samples divided by the value that means 1.0, as float32."""
    quotient: Floats = np.divide(samples, np.float32(maximum), dtype=np.float32)
    return quotient


def _check_range(decoded: Decoded, colour: Samples, transfer: Transfer, name: str) -> None:
    if not decoded.floating:
        return
    low, high = float(colour.min()), float(colour.max())
    if transfer.kind != "linear" and (low < 0 or high > decoded.maximum):
        raise InputError(
            f"{name}: floating-point values run from {low:.6g} to {high:.6g}; transfer"
            f" {transfer.kind} expects [0, 1] (linear:PEAK takes any)."
        )
    if decoded.alpha:
        alpha = decoded.samples[..., -1]
        if alpha.min() < 0 or alpha.max() > decoded.maximum:
            raise InputError(
                f"{name}: alpha runs from {alpha.min():.6g} to {alpha.max():.6g}; expected [0, 1]."
            )


def _to_srgb(decoded: Decoded, colour: Samples, transfer: Transfer, notes: list[str]) -> Samples:
    """Colour channels as (H, W, 3) sRGB: uint8 where the source is, float32 in [0, 1] otherwise."""
    kind = decoded.colour
    if decoded.profile is not None:
        kind, colour, converted = _through_profile(decoded, colour, transfer, notes)
        if converted is not None:
            return converted
    if kind == "cmyk":
        notes.append("CMYK without a usable profile converted as (1 - ink)(1 - black)")
        ink = unit(colour, decoded.maximum)
        colour, maximum = (1 - ink[..., :3]) * (1 - ink[..., 3:]), 1.0
    else:
        maximum = decoded.maximum
    if kind == "grey":
        notes.append("grey expanded to RGB")
        colour = np.repeat(colour, 3, axis=2)
    primaries = decoded.primaries if decoded.profile is None else None
    if colour.dtype == np.uint8 and maximum == 255 and transfer == SRGB and primaries is None:
        return colour
    rgb, done = to_display(unit(colour, maximum), transfer, primaries)
    notes += done
    return rgb


def _through_profile(
    decoded: Decoded, colour: Samples, transfer: Transfer, notes: list[str]
) -> tuple[Literal["grey", "rgb", "cmyk"], Samples, Samples | None]:
    """Kind and samples of the colour, grey expanded if need be, and sRGB if the profile applies."""
    kind = decoded.colour
    data = decoded.profile or b""
    if transfer != SRGB:
        notes.append(f"embedded colour profile not applied, {transfer.kind} was asked for")
        return kind, colour, None
    profile = _open_profile(data)
    if profile is None:
        notes.append(_UNREADABLE)
        return kind, colour, None
    space, title = profile
    if space == "RGB" and kind == "grey":
        colour, kind = np.repeat(colour, 3, axis=2), "rgb"
        notes.append("grey expanded to RGB")
    if _ICC_SPACES.get(space) != kind:
        notes.append(f"embedded colour profile is for {space}, not {kind}, and was not applied")
        return kind, colour, None
    if not _is_usable(data, kind):
        notes.append(_UNREADABLE)
        return kind, colour, None
    if kind == "rgb" and _is_srgb(data):
        return kind, colour, None
    notes.append(f"colour profile {title} converted to sRGB (relative colorimetric)")
    if colour.dtype == np.uint8 and decoded.maximum == 255:
        return kind, colour, _apply_profile(colour, kind, data)
    return kind, colour, _apply_profile_deep(unit(colour, decoded.maximum), kind, data)


def _composite(rgb: Samples, alpha: Floats, backdrop: tuple[float, float, float]) -> Floats:
    base = unit(rgb, 255) if rgb.dtype == np.uint8 else rgb
    mixed: Floats = base * alpha + np.asarray(backdrop, np.float32) * (1 - alpha)
    np.clip(mixed, 0, 1, out=mixed)
    return mixed


def _open_profile(data: bytes) -> tuple[str, str] | None:
    """Colour space of a profile, and its name in words; None if it cannot be opened."""
    try:
        profile = PIL.ImageCms.ImageCmsProfile(io.BytesIO(data)).profile
        space = profile.xcolor_space.strip()
    except (OSError, ValueError, PIL.ImageCms.PyCMSError):
        return None
    try:
        description = profile.profile_description
    except ValueError:  # not text
        description = None
    return space, repr(description.strip()) if description else "without a name"


@lru_cache(maxsize=16)
def _transform(data: bytes, mode: str) -> Any:
    return PIL.ImageCms.buildTransform(
        PIL.ImageCms.ImageCmsProfile(io.BytesIO(data)),
        PIL.ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        _INTENT,
        # Few values of grey are ever asked for (see below), so each is computed without a table.
        _FLAGS | PIL.ImageCms.Flags.NOOPTIMIZE if mode == "L" else _FLAGS,
    )


def _is_usable(data: bytes, kind: str) -> bool:
    """Whether a profile that can be opened has what a conversion needs."""
    try:
        _transform(data, _PIL_MODES[kind])
    except (OSError, PIL.ImageCms.PyCMSError):
        return False
    return True


@lru_cache(maxsize=16)
def _is_srgb(data: bytes) -> bool:
    """Whether a profile for RGB moves no colour by more than one 8-bit step."""
    steps = np.linspace(0, 255, 18).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    moved = np.abs(_apply_profile(grid, "rgb", data).astype(int) - grid)
    return bool(moved.max() <= 1)


def _apply_profile(colour: Samples, kind: str, data: bytes) -> Samples:
    if kind == "grey":
        every = np.arange(256, dtype=np.uint8)[None, :]
        table = _convert(PIL.Image.fromarray(every), data)
        return np.take(table[0], colour[..., 0], axis=0)
    mode, (height, width) = _PIL_MODES[kind], colour.shape[:2]
    codes = np.ascontiguousarray(colour)
    picture = PIL.Image.frombuffer(mode, (width, height), codes, "raw", mode, 0, 1)
    return _convert(picture, data)


def _convert(picture: PIL.Image.Image, data: bytes) -> Samples:
    return np.asarray(PIL.ImageCms.applyTransform(picture, _transform(data, picture.mode)))


def _apply_profile_deep(colour: Floats, kind: str, data: bytes) -> Floats:
    """Convert at 16 bits per sample, which Pillow cannot."""
    codecs = require("imagecodecs", "formats")
    codes = np.rint(np.clip(colour, 0, 1) * 65535).astype(np.uint16)
    converted = codecs.cms_transform(
        np.ascontiguousarray(codes[..., 0] if kind == "grey" else codes),
        data,
        codecs.cms_profile("srgb"),
        colorspace={"grey": "gray"}.get(kind, kind),
        outcolorspace="rgb",
        intent=codecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
        # The tables made otherwise are off by several 8-bit steps in the shadows.
        flags=codecs.CMS.FLAGS.BLACKPOINTCOMPENSATION | codecs.CMS.FLAGS.NOOPTIMIZE,
    )
    return unit(converted, 65535)
