"""Any file or array to RGB in [0, 1]: depth, colour profile, orientation, alpha.

`load_image` reads one image and records what was done to it; `open_regions` reads files larger than
memory in parts.
"""

from msds.images.image import Image
from msds.images.limits import MAX_PIXELS
from msds.images.loading import Source, load_codes, load_image
from msds.images.regions import Regions, open_regions

__all__ = ["Image", "MAX_PIXELS", "Regions", "Source", "load_codes", "load_image", "open_regions"]
