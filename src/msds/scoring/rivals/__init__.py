"""Deep metrics that people use instead, with their published weights: LPIPS and DISTS.

They are computed here, by code of this package; the packages that bring the weights are data.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from msds.scoring.contenders import Contender
from msds.scoring.rivals.dists import DISTS
from msds.scoring.rivals.lpips import LPIPS

__all__ = ["DISTS", "LPIPS", "RIVALS"]

RIVALS: dict[str, Callable[[torch.device | str], Contender]] = {
    "lpips-vgg": partial(LPIPS, "vgg"),
    "lpips-alex": partial(LPIPS, "alex"),
    "dists": DISTS,
}
"""What makes a rival for a device, by its name."""
