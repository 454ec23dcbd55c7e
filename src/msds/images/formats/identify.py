"""What a file is and how deep its samples are, from its first bytes, before anything is decoded."""

from __future__ import annotations

from typing import BinaryIO

from msds.images.formats import (
    bmp,
    exr_header,
    gif,
    jp2,
    jpeg,
    jxl,
    npy,
    radiance,
    tiff,
    tiff_directory,
)
from msds.images.formats.header import Header
from msds.images.formats.isobmff import read_isobmff_header
from msds.images.formats.netpbm import PFM_MAGICS, PNM_MAGICS, read_pfm_header, read_pnm_header
from msds.images.formats.png_chunks import SIGNATURE, read_png_header
from msds.images.formats.webp import is_webp, read_webp_header

_PREFIX = 1 << 16
_READERS = (
    ((SIGNATURE,), read_png_header),
    (tiff_directory.MAGICS, tiff.read_tiff_header),
    ((jpeg.MAGIC,), jpeg.read_jpeg_header),
    ((jxl.BOX, jxl.CODESTREAM), jxl.read_jxl_header),
    ((jp2.BOX, jp2.CODESTREAM), jp2.read_jp2_header),
    ((exr_header.MAGIC,), exr_header.read_exr_header),
    (radiance.MAGICS, radiance.read_radiance_header),
    (PFM_MAGICS, read_pfm_header),
    ((npy.MAGIC,), npy.read_npy_header),
    (gif.MAGICS, gif.read_gif_header),
    ((bmp.MAGIC,), bmp.read_bmp_header),
)


def read_header(file: BinaryIO) -> Header:
    """Look at the start of a file; never fails, a damaged header reads as ``"other"``."""
    file.seek(0)
    prefix = file.read(_PREFIX)
    try:
        return _identify(prefix, file)
    except Exception:  # whatever damage leads to: the decoder will say what is wrong
        return Header("other")


def _identify(prefix: bytes, file: BinaryIO) -> Header:
    for magics, read in _READERS:
        if prefix.startswith(magics):
            return read(prefix, file)
    if is_webp(prefix):
        return read_webp_header(prefix, file)
    if prefix[4:8] == b"ftyp":
        return read_isobmff_header(prefix, file)
    if prefix[:2] in PNM_MAGICS and prefix[2:3].isspace():
        return read_pnm_header(prefix, file)
    return Header("other")
