"""From decoded samples to sRGB pixels: profile, alpha and orientation."""

from __future__ import annotations

import io
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


def finish(decoded: Decoded, name: str, background: str, transfer: Transfer = SRGB) -> Image:
    """Turn decoded samples into the pixels the metric takes: (3, H, W) float32 in [0, 1], sRGB.

    Parameters
    ----------
    decoded : what the decoder found.
    name : name of the source, for the result and for errors.
    background : see `parse_background`.
    transfer : how the colour samples are meant.
    """
    backdrop = parse_background(background)
    notes = list(decoded.notes)
    colour = decoded.samples[..., :-1] if decoded.alpha else decoded.samples
    _check_range(decoded, colour, transfer, name)
    rgb = _to_srgb(decoded, colour, transfer, notes)
    if decoded.alpha:
        alpha = unit(decoded.samples[..., -1:], decoded.maximum)
        if alpha.min() == 1:
            notes.append("opaque alpha channel dropped")
        else:
            rgb = _composite(rgb, alpha, backdrop)
            notes.append(f"transparency composited on {background}")
    if decoded.orientation != 1:
        rgb = orient(rgb, decoded.orientation)
        notes.append(f"EXIF orientation {decoded.orientation} applied")
    return Image(to_tensor(rgb), tuple(notes), name)


def to_tensor(rgb: Samples) -> torch.Tensor:
    """(H, W, 3) samples, uint8 or float32 in [0, 1], as a (3, H, W) float32 tensor in [0, 1]."""
    # torch warns about read-only memory, which is what Pillow hands out, and refuses negative
    # strides, which NumPy counts as contiguous where a side is one pixel long.
    samples = np.require(rgb, requirements=("C", "W"))
    if min(samples.strides) < 0:
        samples = samples.copy()
    tensor = torch.from_numpy(samples).permute(2, 0, 1)
    pixels = tensor.to(torch.float32, memory_format=torch.contiguous_format)
    return pixels.div_(255) if tensor.dtype == torch.uint8 else pixels.contiguous()


def orient(samples: Samples, orientation: int) -> Samples:
    """Turn (H, W, C) samples as their EXIF orientation, 1 to 8, says they are to be seen."""
    if orientation in (5, 6, 7, 8):
        samples = samples.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return samples


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
    mode = _PIL_MODES[kind]
    return _convert(PIL.Image.fromarray(np.ascontiguousarray(colour), mode), data)


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
