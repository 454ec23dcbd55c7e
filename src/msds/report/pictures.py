"""Pictures that stand inside a page."""

from __future__ import annotations

import base64
import io
from pathlib import Path

_WIDTH = 512


def data_uri(content: bytes, kind: str = "image/png") -> str:
    """Content as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def picture_uri(path: Path) -> str:
    """An image file as a data URI, as a metric sees it, at most 512 pixels wide."""
    from PIL import Image

    from msds.images import load_image

    pixels = load_image(path).pixels.permute(1, 2, 0).mul(255).round().byte()
    picture = Image.fromarray(pixels.numpy())
    if picture.width > _WIDTH:
        height = max(1, round(picture.height * _WIDTH / picture.width))
        picture = picture.resize((_WIDTH, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # Nearly lossless: the page must not add distortions of its own.
    picture.save(buffer, "WEBP", quality=95)
    return data_uri(buffer.getvalue(), "image/webp")
