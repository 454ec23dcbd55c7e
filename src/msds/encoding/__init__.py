"""From images to encodings: their Gram matrices on every level, exact at any size.

`checks` says what images must be and `levels` which levels they have; `whole` encodes them as they
are, `streamed` in pieces, whose sizes `plan` chooses; `encoder` decides, within one budget of
memory, which of it is done.
"""

from msds.encoding.encoding import Encoding

__all__ = ["Encoding"]
