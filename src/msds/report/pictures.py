"""Pictures that stand inside a page: image files as a metric sees them, made smaller."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from PIL.Image import Image

    from msds.images import Regions

_BAND = 1 << 22  # pixels that are read at once


def data_uri(content: bytes, kind: str = "image/webp") -> str:
    """Content as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def picture_uri(path: Path, longest: int = 768) -> str:
    """An image file as a data URI, so many pixels wide or high at most."""
    from msds.images import open_regions

    with open_regions(path) as regions:
        return data_uri(webp(reduced(regions, longest), quality=95))


def webp(picture: Image, quality: int) -> bytes:
    """A picture as WebP; at 95 it is nearly lossless, lest the page add distortions of its own."""
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality)
    return buffer.getvalue()


def within(picture: Image, longest: int) -> Image:
    """A picture at most so many pixels wide or high; one that is larger is resized by Lanczos."""
    from PIL import Image

    side = max(picture.size)
    if side <= longest:
        return picture
    width, height = (max(1, round(s * longest / side)) for s in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def eight_bits(pixels: torch.Tensor) -> npt.NDArray[np.uint8]:
    """The (H, W, 3) picture of (3, H, W) pixels in [0, 1]: eight bits, rounded from more."""
    import numpy as np

    return np.ascontiguousarray(pixels.permute(1, 2, 0).mul(255).round().byte().numpy())


def reduced(regions: Regions, longest: int) -> Image:
    """An image at most so many pixels wide or high, read in bands if its format has parts."""
    from PIL import Image

    side = max(regions.width, regions.height)
    # Whole pixels are averaged while reading; the rest is left to a better filter.
    factor = max(1, side // (2 * longest))
    rows = max(1, _BAND // (regions.width * factor)) * factor
    bands = [
        _averaged(regions.read(0, top, regions.width, min(top + rows, regions.height)), factor)
        for top in range(0, regions.height, rows)
    ]
    import torch

    picture = Image.fromarray(eight_bits(torch.cat(bands, dim=1)))
    if side <= longest:
        return picture
    size = [max(1, round(s * longest / side)) for s in (regions.width, regions.height)]
    # What was averaged last may stand for fewer pixels than the others.
    box = (0, 0, regions.width / factor, regions.height / factor)
    return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS, box)


def _averaged(pixels: torch.Tensor, factor: int) -> torch.Tensor:
    if factor == 1:
        return pixels
    from torch.nn.functional import avg_pool2d

    return avg_pool2d(pixels[None], factor, ceil_mode=True, count_include_pad=False)[0]
