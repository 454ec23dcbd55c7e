"""What files are by their names: images and videos."""

from __future__ import annotations

from pathlib import Path

_SUFFIXES = """
.apng .avif .avifs .bmp .dds .dib .exr .gif .hdr .heic .heics .heif .heifs .hif .icns .ico
.j2c .j2k .jfif .jif .jp2 .jpc .jpe .jpeg .jpf .jpg .jpx .jxl .npy .pam .pbm .pcx .pfm
.pgm .png .pnm .ppm .psd .qoi .rgb .rgba .sgi .tga .tif .tiff .webp .xbm .xpm
"""
IMAGE_SUFFIXES = frozenset(_SUFFIXES.split())
"""Files in folders that count as images; a file that is named itself may have any suffix."""

_VIDEO_SUFFIXES = """
.264 .265 .3g2 .3gp .asf .avi .flv .h264 .h265 .hevc .ivf .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts
.mxf .nut .obu .ogv .ts .vob .webm .wmv .y4m
"""
VIDEO_SUFFIXES = frozenset(_VIDEO_SUFFIXES.split())
"""Files that count as videos."""


def is_video(path: Path) -> bool:
    """Whether a file is a video by its name."""
    return path.suffix.lower() in VIDEO_SUFFIXES
