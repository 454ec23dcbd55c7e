"""Models for `torch.hub.load(path_of_this_repository, NAME, source="local")`.

Their options are those of `msds.load_model`: trunk_weights, levels, small, normalize.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

dependencies = ["torch", "numpy", "PIL", "safetensors"]

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

if TYPE_CHECKING:
    from msds.metric import MSDS


def msds_compact(**options: object) -> MSDS:
    """MSDS with the compact trunk, which ships with the package."""
    return _load("msds-compact", **options)


def msds_vgg16(**options: object) -> MSDS:
    """MSDS with VGG16, whose published weights must be present or can be fetched."""
    return _load("msds-vgg16", **options)


def deepssim_compact(**options: object) -> MSDS:
    """DeepSSIM with the compact trunk."""
    return _load("deepssim-compact", **options)


def deepssim_vgg16(**options: object) -> MSDS:
    """DeepSSIM as published."""
    return _load("deepssim-vgg16", **options)


def deepssim_lite_compact(**options: object) -> MSDS:
    """DeepSSIM-Lite with the compact trunk."""
    return _load("deepssim-lite-compact", **options)


def deepssim_lite_vgg16(**options: object) -> MSDS:
    """DeepSSIM-Lite as published."""
    return _load("deepssim-lite-vgg16", **options)


def from_pretrained(folder: str | os.PathLike[str]) -> MSDS:
    """The metric that `save_pretrained` wrote to a local folder."""
    from msds.metric import MSDS

    return MSDS.from_pretrained(folder)


def _load(model: str, **options: object) -> MSDS:
    from msds.models import load_model

    return load_model(model, **options)  # type: ignore[arg-type]
