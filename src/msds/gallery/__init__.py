"""The page of a run: every pair with its score, to be sorted, filtered and looked at.

It stands above results, images and the look of pages (`report`), and below whoever has a run to
show: the command, the web page, sweeps.
"""

from msds.gallery.album import Album
from msds.gallery.comparison import Change, Comparison, compared
from msds.gallery.page import Pictures, write_gallery

__all__ = ["Album", "Change", "Comparison", "Pictures", "compared", "write_gallery"]
