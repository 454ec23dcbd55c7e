"""The end of every page of a study: how to repeat it, and what it was made with."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from msds.report.blocks import Block, Code, Folded, Section
from msds.report.table import Cell, Table
from msds.scoring.contenders import Contender
from msds.study.datasets.base import RatedSet
from msds.version import __version__

_LIBRARIES = ("torch", "numpy", "scipy", "pillow")


def closing(
    contenders: Sequence[Contender],
    sets: Sequence[RatedSet],
    settings: dict[str, Any],
    command: str,
) -> list[Section]:
    """Which metrics were measured, on which data, the command, the settings, and versions."""
    content = {
        "settings": settings,
        "metrics": {contender.name: contender.described() for contender in contenders},
        "sets": {
            f"{data.title} ({data.opinion_name})": {
                "id": data.id,
                "pairs": len(data),
                "higher_is_better": data.higher_is_better,
                "fingerprint": data.fingerprint,
            }
            for data in sets
        },
        "versions": _versions(),
    }
    words = Code(json.dumps(content, indent=2, ensure_ascii=False))
    measured: list[Block] = [metrics_table(contenders)] if contenders else []
    if settings:
        rows: list[list[Cell]] = [[name, _cell(value)] for name, value in settings.items()]
        measured.append(Table("Settings", ["setting", "value"], rows))
    return [
        Section("What was measured", [*measured, Folded("All settings and versions", words)]),
        Section("How to repeat it", [Code(command)]),
    ]


def metrics_table(contenders: Sequence[Contender]) -> Table:
    """What makes each metric's scores, a column for each setting that any of them has."""
    described = {contender.name: contender.described() for contender in contenders}
    names = dict.fromkeys(name for settings in described.values() for name in settings)
    return Table(
        "Metrics",
        ["metric", *(_HEADINGS.get(name, name) for name in names if name not in _LEFT_OUT)],
        [
            [name, *(_cell(settings.get(key)) for key in names if key not in _LEFT_OUT)]
            for name, settings in described.items()
        ],
    )


_LEFT_OUT = ("block", "c", "trunk_digest")  # they stand among all settings
_HEADINGS = {"weights": "weight of each level, finest first", "metric": "kind"}


def _cell(value: Any) -> Cell:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_cell(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{item:.4g}" if isinstance(item, float) else str(item) for item in value)
    if value is None or isinstance(value, (int, float)):
        return value
    text = str(value)
    return f"{text[:12]}…" if len(text) == _DIGEST else text


_DIGEST = 64  # letters of a SHA-256


def _versions() -> dict[str, str]:
    versions = {"msds": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions
