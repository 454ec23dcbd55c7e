"""Video files to frames: what a clip says of itself, its frames by time stamp, and their pixels.

`open_clip` looks at a file; `Clip.frames` decodes it, each frame with its time; `Clip.image` makes
of a frame what `msds.load_image` makes of a file: (3, H, W) float32 in [0, 1], sRGB.
"""

from msds.images.video.clip import Clip, open_clip
from msds.images.video.coding import Coding
from msds.images.video.decoding import Frame

__all__ = ["Clip", "Coding", "Frame", "open_clip"]
