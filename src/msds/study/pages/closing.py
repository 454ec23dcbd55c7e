"""The end of every page of a study: how to repeat it, and what it was made with."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from msds.report.page import Code, Section
from msds.study.datasets.base import RatedSet
from msds.version import __version__

_LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "pillow", "matplotlib")


def closing(sets: Sequence[RatedSet], settings: dict[str, Any], command: str) -> list[Section]:
    """The command, the settings, which data, and versions."""
    described = {
        data.title: {
            "id": data.id,
            "pairs": len(data),
            "opinions": data.opinion_name,
            "higher_is_better": data.higher_is_better,
            "fingerprint": data.fingerprint,
        }
        for data in sets
    }
    content = {"settings": settings, "sets": described, "versions": _versions()}
    return [
        Section("How to repeat it", [Code(command)]),
        Section("Settings and versions", [Code(json.dumps(content, indent=2, ensure_ascii=False))]),
    ]


def _versions() -> dict[str, str]:
    versions = {"msds": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions
