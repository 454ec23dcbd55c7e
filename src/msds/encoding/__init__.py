"""From images to encodings: their Gram matrices on every level, exact at any size.

`checks` says what images must be, `whole` encodes them as they are, `streamed` in pieces, `rows`
holds operations on images handed over from top to bottom, `plan` chooses sizes of pieces, and
`encoder` decides, within one budget of memory, which of it is done.
"""

from msds.encoding.encoding import Encoding

__all__ = ["Encoding"]
