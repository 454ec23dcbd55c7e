"""Exact encodings of images of any size in bounded memory.

`rows` holds operations on images handed over from top to bottom, `plan` chooses sizes of pieces,
`encode` turns an image, or a file larger than memory, into the encoding of the untiled metric.
"""

from msds.tiling.encode import RegionReader, encode_tiled
from msds.tiling.plan import Tile, default_budget, should_tile

__all__ = ["RegionReader", "Tile", "default_budget", "encode_tiled", "should_tile"]
