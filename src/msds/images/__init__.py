"""Any file or array to RGB in [0, 1]: depth, colour profile, orientation, alpha.

`load_image` reads one image and records what was done to it.
"""

from msds.images.image import Image
from msds.images.limits import MAX_PIXELS
from msds.images.loading import Source, load_image

__all__ = ["Image", "MAX_PIXELS", "Source", "load_image"]
