"""Files and pictures of 8 bits per sample, through Pillow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import PIL.Image
import PIL.ImageCms
from PIL import UnidentifiedImageError

from msds.errors import InputError
from msds.images.formats.checks import check_whole
from msds.images.formats.png_chunks import has_late_metadata
from msds.images.formats.reckoning import check_before_opening, check_need
from msds.images.formats.source import SourceFile, decoding
from msds.images.image import Decoded, Samples
from msds.images.limits import pillow_limit

_ORIENTATION = 0x0112
_BAND_PIXELS = 1 << 18

# Pillow would hand these to Ghostscript or to Windows.
_UNSAFE = {"EPS", "WMF"}

# How each of Pillow's 8-bit modes becomes grey, RGB or CMYK, with or without alpha.
_MODES: dict[str, str] = {
    "1": "L",
    "L": "L",
    "LA": "LA",
    "La": "LA",
    "RGB": "RGB",
    "RGBA": "RGBA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
    "CMYK": "CMYK",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
_READ = (*_MODES, "P", "PA", "LAB")
_COLOURS: dict[str, tuple[Literal["grey", "rgb", "cmyk"], bool]] = {
    "L": ("grey", False),
    "LA": ("grey", True),
    "RGB": ("rgb", False),
    "RGBA": ("rgb", True),
    "CMYK": ("cmyk", False),
}


@dataclass(frozen=True)
class Metadata:
    """What the decoders of deep samples do not hand out.

    Attributes
    ----------
    profile : embedded ICC profile.
    orientation : EXIF orientation, 1 to 8.
    frames : number of images in the file.
    """

    profile: bytes | None
    orientation: int
    frames: int


def read_metadata(file: SourceFile) -> Metadata:
    """Profile, orientation and number of frames of a file."""
    with pillow_limit(file.limits.pixels, file.name), file.open() as opened:
        late = has_late_metadata(opened)
        with PIL.Image.open(opened) as picture:
            return Metadata(
                picture.info.get("icc_profile"),
                read_orientation(picture, decode=late),
                int(getattr(picture, "n_frames", 1)),
            )


def decode_pillow(file: SourceFile) -> Decoded:
    """Decode a file of 8 bits per sample.

    Raises
    ------
    InputError
        If it is not an image that Pillow reads, is damaged, too large, has more than 8 bits per
        sample, or has several frames and none was named.
    """
    name = file.name
    check_before_opening(file)
    limit = partial(pillow_limit, file.limits.pixels, name)
    with file.open() as opened:
        with decoding(name, "the image cannot be opened"), limit():
            try:
                picture = PIL.Image.open(opened)
            except UnidentifiedImageError as error:
                raise InputError(
                    f"{name}: this is not an image in a format that can be read, or its header is"
                    " damaged."
                ) from error
        wrong = f"the {picture.format} data are truncated or damaged"
        with picture, decoding(name, wrong), limit():
            if picture.format in _UNSAFE:
                raise InputError(
                    f"{name}: {picture.format} is not read; expected a raster image, such as"
                    " PNG or JPEG."
                )
            check_need(picture, _target(picture), file)
            notes = _select(picture, file)
            check_need(picture, _target(picture), file)
            check_whole(file, picture.format, picture.tell())
            return decode_picture(picture, name, notes)


def decode_picture(picture: PIL.Image.Image, name: str, notes: tuple[str, ...] = ()) -> Decoded:
    """Read the samples, profile and orientation of a Pillow image in one of its 8-bit modes."""
    _refuse_deep(picture, name)
    orientation = read_orientation(picture)
    picture.load()
    if picture.format == "TIFF" and orientation != read_orientation(picture):
        notes += (f"EXIF orientation {orientation} applied",)
    profile = picture.info.get("icc_profile")
    if picture.mode in ("P", "PA"):
        notes += ("palette expanded",)
    elif picture.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        kind = "1-bit" if picture.mode == "1" else picture.mode
        notes += (f"{kind} samples converted to {_mode(picture)}",)
    orientation = read_orientation(picture)
    mode = _mode(picture)
    if picture.mode == "LAB":
        picture, profile = _lab_to_rgb(picture), None
    elif picture.mode != mode:
        picture = picture.convert(mode)
    samples = _to_array(picture)
    colour, alpha = _COLOURS[mode]
    return Decoded(
        samples,
        colour,
        alpha=alpha,
        profile=profile or None,
        orientation=orientation,
        notes=notes,
    )


def _to_array(picture: PIL.Image.Image) -> Samples:
    """(H, W, C) samples, some rows at a time, since Pillow makes two copies of what it gives."""
    samples = np.empty((picture.height, picture.width, len(picture.getbands())), np.uint8)
    rows = max(1, _BAND_PIXELS // picture.width)
    for top in range(0, picture.height, rows):
        bottom = min(top + rows, picture.height)
        band = np.asarray(picture.crop((0, top, picture.width, bottom)))
        samples[top:bottom] = band.reshape(bottom - top, picture.width, -1)
    return samples


def _select(picture: PIL.Image.Image, file: SourceFile) -> tuple[str, ...]:
    """Move to the frame that was asked for; refuse a file with several if none was."""
    count = int(getattr(picture, "n_frames", 1))
    if file.frame is None and count > 1 and picture.format == "MPO":
        return (f"first of {count} images in a multi-picture JPEG",)
    frame = file.check_frame(count)
    if file.frame is not None:
        picture.seek(frame)
    return (f"frame {frame} of {count}",) if count > 1 else ()


def _refuse_deep(picture: PIL.Image.Image, name: str) -> None:
    """Refuse what Pillow can only read by dropping bits, or not as 8-bit samples."""
    if picture.mode not in _READ:
        raise InputError(
            f"{name}: the picture has mode {picture.mode}, which is not 8 bits per sample; expected"
            " 8 bits, or the file itself, or an array of uint16 or of floats in [0, 1]."
        )
    # Raw modes such as "RGB;16B" say how Pillow would unpack the file's samples.
    for tile in getattr(picture, "tile", ()):
        codec = tile[0]
        arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        wide = any(isinstance(a, str) and ";16" in a and a != "BGR;16" for a in arguments)
        wide |= codec in ("ppm", "ppm_plain") and any(
            isinstance(a, int) and a > 255 for a in arguments
        )
        if wide or codec == "SGI16" or (codec == "bcn" and arguments[0] == 6):
            raise InputError(
                f"{name}: the file has more than 8 bits per sample, which Pillow would drop;"
                " expected 8 bits, or a 16-bit PNG or TIFF given by its path."
            )


def _target(picture: PIL.Image.Image) -> str:
    """The mode its samples will have; its own if it will be refused for that."""
    return _mode(picture) if picture.mode in _READ else picture.mode


def _mode(picture: PIL.Image.Image) -> str:
    if picture.mode in ("P", "PA"):
        return "RGBA" if picture.has_transparency_data else "RGB"
    if picture.mode == "LAB":
        return "RGB"
    mode = _MODES[picture.mode]
    if mode in ("L", "RGB") and picture.info.get("transparency") is not None:
        return mode + "A"
    return mode


def read_orientation(picture: PIL.Image.Image, *, decode: bool = True) -> int:
    """EXIF orientation of a picture, 1 to 8; 1 where none is stated, or one that cannot be read.

    A PNG is decoded to look for what may follow its pixels, unless `decode` is false.
    """
    if decode and picture.format == "PNG" and "exif" not in picture.info:
        picture.load()
    try:
        exif = picture.getexif() if decode else PIL.Image.Image.getexif(picture)
        value = exif.get(_ORIENTATION, 1)
    except Exception:  # whatever EXIF that cannot be read leads to
        return 1  # the pixels are none the worse for it
    return value if value in range(1, 9) else 1


def _lab_to_rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    transform = PIL.ImageCms.buildTransform(
        PIL.ImageCms.createProfile("LAB"), PIL.ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    return PIL.ImageCms.applyTransform(picture, transform)  # type: ignore[return-value]
