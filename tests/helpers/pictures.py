"""Pictures as files."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def saved(picture: Image.Image | np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    """A picture, or an array of one, as a file."""
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
