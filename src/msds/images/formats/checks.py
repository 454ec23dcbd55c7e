"""Whether a file that Pillow will decode is whole, as far as its format lets one see."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from msds.images.formats.bmp import check_bmp
from msds.images.formats.gif import check_gif
from msds.images.formats.jp2 import check_jp2
from msds.images.formats.netpbm import check_pnm
from msds.images.formats.png_chunks import check_png, check_pngs_within
from msds.images.formats.source import SourceFile
from msds.images.formats.tiff_check import check_tiff
from msds.images.formats.webp import check_webp

_CHECKS: dict[str, Callable[[BinaryIO, int], None]] = {
    "PNG": check_png,
    "TIFF": check_tiff,
    "GIF": check_gif,
    "WEBP": check_webp,
    "BMP": check_bmp,
    "JPEG2000": check_jp2,
    "PPM": check_pnm,
    "ICO": check_pngs_within,
    "ICNS": check_pngs_within,
}


def check_whole(file: SourceFile, kind: str | None, frame: int) -> None:
    """Refuse a damaged file: Pillow reads what it can, and leaves out the rest.

    Parameters
    ----------
    kind : as Pillow names it.
    frame : which image of the file will be decoded.

    Raises
    ------
    ValueError, EOFError or others
        If it is damaged.
    """
    check = _CHECKS.get(kind or "")
    if check is not None:
        with file.open() as opened:
            check(opened, frame)
