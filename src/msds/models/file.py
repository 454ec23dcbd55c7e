"""Model files: JSON of `format` "msds-model-1", read and written here."""

from __future__ import annotations

import json
import reprlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from msds.errors import InputError
from msds.files import atomic_write
from msds.metric.settings import Settings, usual_settings
from msds.models.catalogue import Model
from msds.text import one_line, printable, reason

FORMAT = "msds-model-1"
SETTINGS = ("metric", "levels", "weights", "fusion", "filter", "normalize")
"""The settings that a model file holds; the others are the caller's choice."""

ENTRIES = ("id", "trunk", *SETTINGS, "provenance")
LARGEST = 1 << 20
"""Most bytes of a model file."""


def write_model(path: Path, model: Model) -> None:
    """Write a model file."""
    settings = asdict(model.settings)
    content = {
        "format": FORMAT,
        "id": model.id,
        "trunk": model.trunk,
        **{name: settings[name] for name in SETTINGS},
        "provenance": dict(model.provenance),
    }
    with atomic_write(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_model(path: Path) -> Model:
    """Read a model file.

    Raises
    ------
    InputError
        If it cannot be read or is not a model file, with what is wrong.
    """
    try:
        content = json.loads(_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{printable(path)} is not a model file: {reason(error)}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(
            f"{printable(path)} is not a model file: expected an object with format {FORMAT!r}."
        )
    try:
        return _model(content)
    except (InputError, OverflowError) as error:
        raise InputError(f"{printable(path)} is not a model file: {reason(error)}.") from error


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError("it is no regular file")
    if path.stat().st_size > LARGEST:
        raise InputError(f"it holds {path.stat().st_size} bytes; expected at most {LARGEST}")
    return path.read_text(encoding="utf-8")


def _model(content: dict[str, Any]) -> Model:
    unknown = sorted(content.keys() - {*ENTRIES, "format"})
    if unknown:
        raise InputError(f"unknown entries {unknown}")
    if not {"id", "trunk"} <= content.keys():
        raise InputError("no 'id' or no 'trunk'")
    for name in ("id", "trunk", "metric", "fusion", "filter", "normalize"):
        if not isinstance(content.get(name, ""), str):
            raise InputError(f"{name} must be text; found {_shown(content[name])}")
    provenance = content.get("provenance", {})
    if not isinstance(provenance, dict):
        raise InputError(f"provenance must be an object; found {_shown(provenance)}")
    return Model(content["id"], content["trunk"], _settings(content), provenance)


def _settings(content: dict[str, Any]) -> Settings:
    metric = content.get("metric", "msds")
    values = {name: content[name] for name in SETTINGS[1:] if name in content}
    weights = values.get("weights")
    if weights is not None:
        if not isinstance(weights, list) or not all(map(_is_number, weights)):
            raise InputError(f"weights must be numbers; found {_shown(weights)}")
        values["weights"] = tuple(float(w) for w in weights)
    levels = values.get("levels", 1)
    if not isinstance(levels, int) or isinstance(levels, bool):
        raise InputError(f"levels must be a whole number; found {_shown(levels)}")
    return Settings(metric, **{**usual_settings(metric), **values})


def _shown(value: Any) -> str:
    """A value that is wrong, or its beginning."""
    return one_line(reprlib.repr(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
