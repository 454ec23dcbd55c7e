"""Metrics of piq that take the distorted image first, as `msds bench --metric` calls them.

    msds bench pairs.csv --metric benchmarks.piq_turned:vif,higher

Source: https://github.com/photosynthesis-team/piq
"""

from __future__ import annotations

import piq
from torch import Tensor


def vif(reference: Tensor, distorted: Tensor) -> Tensor:
    """Visual information fidelity in the pixel domain; higher is better."""
    return piq.vif_p(distorted, reference)


def iw_ssim(reference: Tensor, distorted: Tensor) -> Tensor:
    """SSIM on several scales, weighted by information content; higher is better."""
    return piq.information_weighted_ssim(distorted, reference)
