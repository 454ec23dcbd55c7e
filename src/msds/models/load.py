"""Metrics from ids of models, model files and folders of saved metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from msds.encoding.levels import Small
from msds.errors import InputError
from msds.metric.modules import METRICS, MSDS
from msds.metric.saved import CONFIG
from msds.metric.settings import OPTIONS, Identity, Normalize
from msds.models.catalogue import DEFAULT_MODEL, MODELS, Model, model_of_id, trunk_name
from msds.models.file import read_model
from msds.text import did_you_mean, printable


def load_model(
    name: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    trunk_weights: str | os.PathLike[str] | None = None,
    levels: int | None = None,
    small: Small = "error",
    normalize: Normalize | None = None,
) -> MSDS:
    """Build the metric of a model.

    Parameters
    ----------
    name : id of a model (see `MODELS`), path of a model file, or a folder written by
        `save_pretrained`, whose settings are its own. Ids come first: a folder of such a name is
        written `./name`.
    trunk_weights : file of the trunk's weights, or "random".
    levels : another number of levels than the model's; the weights are then those learned for the
        trunk, and equal ones where none have been learned.
    small, normalize : as of `msds.MSDS`; None keeps the model's own.

    Returns
    -------
    MSDS
        Its `model_id` names the model and every setting that differs from it.

    Raises
    ------
    InputError
        If there is no such model, or it does not have a setting that is asked for.
    """
    if _is_saved(name):
        return _saved(name, trunk_weights=trunk_weights, levels=levels, normalize=normalize)
    model = find_model(name)
    settings = model.settings
    kind = METRICS[settings.metric]
    allowed = OPTIONS[settings.metric]
    if levels not in (None, settings.levels):
        if "levels" not in allowed:
            raise InputError(f"{model.id} has one level: choose an msds model for {levels} levels.")
        settings = replace(settings, levels=levels, weights=None)
    if normalize not in (None, settings.normalize):
        if "normalize" not in allowed:
            raise InputError(f"{model.id} divides its Gram matrices in its own way: no normalize.")
        settings = replace(settings, normalize=normalize)
    if "small" in allowed:
        settings = replace(settings, small=small)
    weights = os.fspath(trunk_weights) if trunk_weights is not None else None
    metric = kind(model.trunk, trunk_weights=weights, **settings.options())
    if model.id in MODELS:
        return metric
    return metric.named(Identity(model.id, model.settings, trunk_name(model.trunk)))


def find_model(name: str | os.PathLike[str]) -> Model:
    """A model by its id, or from a model file written by `msds fit`.

    Raises
    ------
    InputError
        If there is no such model, or the file is not a model file.
    """
    known = model_of_id(name) if isinstance(name, str) else None
    if known is not None:
        return known
    path = Path(name)
    if path.suffix == ".onnx":
        raise InputError(
            f"{printable(path)} is a model exported for other programs, with no record of what it "
            "is; expected the id of a model, a model file (.json), or a folder of a saved metric."
        )
    if path.exists() and _is_path(name):
        return read_model(path)
    shown = printable(path)
    if path.suffix:
        raise InputError(f"There is no model file {shown}.")
    if path.exists():
        raise InputError(f"There is no model {shown!r}; if you mean the path, write ./{shown}.")
    raise InputError(
        f"Unknown model {shown!r}{did_you_mean(shown, MODELS)}: expected one of "
        f"{', '.join(MODELS)}, or a model file."
    )


def learned_on(name: str | os.PathLike[str]) -> tuple[Mapping[str, Any], ...]:
    """Records of the rated sets that a model's level weights were learned on, where known."""
    return () if _is_saved(name) else find_model(name).learned_on


def _is_path(name: str | os.PathLike[str]) -> bool:
    """Whether a name is spelled as a path: not a bare word, which could be a model's id."""
    return not isinstance(name, str) or Path(name).suffix != "" or name != Path(name).name


def _is_saved(name: str | os.PathLike[str]) -> bool:
    known = isinstance(name, str) and model_of_id(name) is not None
    return not known and _is_path(name) and (Path(name) / CONFIG).is_file()


def _saved(folder: str | os.PathLike[str], **settings: Any) -> MSDS:
    """The metric of a folder, which has no other settings than those it was saved with."""
    asked = [key for key, value in settings.items() if value is not None]
    if asked:
        raise InputError(f"{folder} holds a saved metric, which has its own {asked[0]}.")
    return MSDS.from_pretrained(folder)
