"""Pictures as files."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
