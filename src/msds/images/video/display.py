"""How a stored frame is to be turned before it is shown."""

from __future__ import annotations

import struct
from typing import Any

from msds.errors import InputError, require
from msds.images.video.container import EXTRA

_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
"""Signs of a display matrix, a b c d of x' = a x + c y, y' = b x + d y, to EXIF's orientation."""


TURNS = {
    2: "mirrored left to right",
    3: "turned by 180 degrees",
    4: "mirrored top to bottom",
    5: "mirrored on the diagonal",
    6: "turned by 90 degrees clockwise",
    7: "mirrored on the other diagonal",
    8: "turned by 90 degrees counterclockwise",
}
"""What each orientation does to a frame, in words."""


def orientation_of(picture: Any, name: str) -> int:
    """EXIF's number for the turn that a frame's display matrix asks for.

    Raises
    ------
    InputError
        If it is none of whole quarters.
    """
    kind = require("av.sidedata.sidedata", EXTRA).Type.DISPLAYMATRIX
    found = picture.side_data.get(kind)
    if found is None:
        return 1
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(found))
    most = max(abs(a), abs(b), abs(c), abs(d)) or 1
    signs = tuple(round(value / most) for value in (a, b, c, d))
    if signs not in _ORIENTATIONS:
        raise InputError(
            f"{name}: the video is to be shown turned by {picture.rotation} degrees; expected "
            "quarters of a turn."
        )
    return _ORIENTATIONS[signs]
