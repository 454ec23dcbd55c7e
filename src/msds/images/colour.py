"""From decoded samples to sRGB pixels: profile, alpha and orientation."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageCms
import torch

from msds.errors import InputError
from msds.images.image import Decoded, Image, Samples

Floats = npt.NDArray[np.float32]

_NAMED = {"white": (1.0, 1.0, 1.0), "black": (0.0, 0.0, 0.0)}
_ICC_SPACES = {"GRAY": "grey", "RGB ": "rgb", "CMYK": "cmyk"}
_PIL_MODES = {"rgb": "RGB", "cmyk": "CMYK"}
_INTENT = PIL.ImageCms.Intent.RELATIVE_COLORIMETRIC
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


def finish(decoded: Decoded, name: str, background: str) -> Image:
    """Turn decoded samples into the pixels the metric takes: (3, H, W) float32 in [0, 1], sRGB.

    Parameters
    ----------
    decoded : what the decoder found.
    name : name of the source, for the result and for errors.
    background : see `parse_background`.
    """
    backdrop = parse_background(background)
    notes = list(decoded.notes)
    colour = decoded.samples[..., :-1] if decoded.alpha else decoded.samples
    rgb = _to_srgb(decoded, colour, notes)
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
    # torch warns about read-only memory, which is what Pillow hands out.
    tensor = torch.from_numpy(np.require(rgb, requirements=("C", "W"))).permute(2, 0, 1)
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


def _to_srgb(decoded: Decoded, colour: Samples, notes: list[str]) -> Samples:
    """Colour channels as (H, W, 3) sRGB: uint8 where the source is, float32 in [0, 1] otherwise."""
    kind = decoded.colour
    if decoded.profile is not None:
        profile = _open_profile(decoded.profile)
        if profile is None:
            notes.append("embedded colour profile is unreadable and was not applied")
        else:
            space = _ICC_SPACES.get(profile.profile.xcolor_space)
            if space == "rgb" and kind == "grey":
                colour, kind = np.repeat(colour, 3, axis=2), "rgb"
                notes.append("grey expanded to RGB")
            if space != kind:
                notes.append(
                    f"embedded colour profile is for {profile.profile.xcolor_space.strip()}, not"
                    f" {kind}, and was not applied"
                )
            elif not (kind == "rgb" and _is_srgb(decoded.profile)):
                notes.append(
                    f"colour profile {_profile_name(profile)} converted to sRGB"
                    " (relative colorimetric)"
                )
                return _apply_profile(colour, kind, decoded.profile)
    if kind == "cmyk":
        notes.append("CMYK without a usable profile converted as (1 - ink)(1 - black)")
        ink = unit(colour, decoded.maximum)
        return (1 - ink[..., :3]) * (1 - ink[..., 3:])
    if kind == "grey":
        notes.append("grey expanded to RGB")
        colour = np.repeat(colour, 3, axis=2)
    return colour if colour.dtype == np.uint8 else unit(colour, decoded.maximum)


def _composite(rgb: Samples, alpha: Floats, backdrop: tuple[float, float, float]) -> Floats:
    base = unit(rgb, 255) if rgb.dtype == np.uint8 else rgb
    mixed: Floats = base * alpha + np.asarray(backdrop, np.float32) * (1 - alpha)
    np.clip(mixed, 0, 1, out=mixed)
    return mixed


def _open_profile(data: bytes) -> Any | None:
    try:
        return PIL.ImageCms.ImageCmsProfile(io.BytesIO(data))
    except (OSError, PIL.ImageCms.PyCMSError):
        return None


def _profile_name(profile: Any) -> str:
    description = profile.profile.profile_description
    return repr(description.strip()) if description else "without a name"


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
