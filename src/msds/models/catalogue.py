"""Models by id: a trunk, a pyramid, fusion weights and where they come from."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msds.errors import InputError

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

FORMAT = "msds-model-1"
"""The `format` of model files."""

DEFAULT_MODEL = "msds-compact"

CONFIG = "config.json"
"""In folders of saved metrics, see `msds.metric.saved`."""

OPTIONS = {
    "msds": ("levels", "weights", "fusion", "filter", "normalize", "small"),
    "deepssim": ("normalize",),
    "deepssim-lite": (),
}
"""The arguments that build each kind of metric, besides its trunk."""


@dataclass(frozen=True)
class Model:
    """What defines a model besides its trunk's weights.

    Attributes
    ----------
    id : its name in every result.
    trunk : name of the trunk, see `msds.trunks.load_trunk`.
    metric : "msds", "deepssim" or "deepssim-lite".
    levels, weights, fusion, filter, normalize : see `msds.MSDS`; no weights means equal ones.
    provenance : where the weights of the levels come from.
    """

    id: str
    trunk: str
    metric: str = "msds"
    levels: int = 4
    weights: tuple[float, ...] | None = None
    fusion: str = "linear"
    filter: str = "average"
    normalize: str = "none"
    provenance: dict[str, Any] = field(default_factory=dict)


MODELS = {
    model.id: model
    for model in (
        Model("msds-compact", "compact"),
        Model("msds-vgg16", "vgg16"),
        Model("msds-vgg19", "vgg19"),
        Model("deepssim-compact", "compact", "deepssim", levels=1),
        Model("deepssim-vgg16", "vgg16", "deepssim", levels=1),
        Model("deepssim-lite-vgg16", "vgg16", "deepssim-lite", levels=1),
        Model("deepssim-lite-compact", "compact", "deepssim-lite", levels=1),
    )
}
"""The models that come with the package, by id."""


def find_model(name: str | os.PathLike[str]) -> Model:
    """A model by its id, or from a model file written by `msds fit`.

    Raises
    ------
    InputError
        If there is no such model, or the file is not a model file.
    """
    from msds.trunks.compact import COMPACT_VERSION

    known = str(name).removesuffix(f"-v{COMPACT_VERSION}")
    if known in MODELS:
        return MODELS[known]
    path = Path(name)
    if not path.is_file():
        raise InputError(
            f"Unknown model {str(name)!r}: expected one of {', '.join(MODELS)}, or a model file."
        )
    return read_model(path)


def read_model(path: Path) -> Model:
    """Read a model file (JSON, `format` "msds-model-1")."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} is not a model file: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path} is not a model file: expected an object with format {FORMAT!r}.")
    known = set(Model.__dataclass_fields__)
    values = {key: value for key, value in content.items() if key in known}
    unknown = sorted(content.keys() - known - {"format"})
    if unknown or not {"id", "trunk"} <= values.keys():
        found = f"unknown entries {unknown}" if unknown else "no 'id' or no 'trunk'"
        raise InputError(f"{path} is not a model file of format {FORMAT!r}: {found}.")
    weights = values.get("weights")
    if weights is not None:
        if not isinstance(weights, list) or not all(isinstance(w, int | float) for w in weights):
            raise InputError(f"{path} is not a model file: weights must be numbers.")
        values["weights"] = tuple(float(w) for w in weights)
    model = Model(**values)
    problem = _problem(model)
    if problem:
        raise InputError(f"{path} is not a model file: {problem}.")
    return model


def _problem(model: Model) -> str | None:
    """What is wrong with the entries of a model file, if anything is."""
    for name in ("id", "trunk", "metric", "fusion", "filter", "normalize"):
        if not isinstance(getattr(model, name), str):
            return f"{name} must be text"
    if not isinstance(model.levels, int) or isinstance(model.levels, bool):
        return "levels must be a whole number"
    if model.metric not in OPTIONS:
        return f"its metric is {model.metric!r}; expected {', '.join(OPTIONS)}"
    for name in ("levels", "weights", "fusion", "filter", "normalize"):
        plain = 1 if name == "levels" else getattr(Model, name)
        if name not in OPTIONS[model.metric] and getattr(model, name) != plain:
            return f"{name} is no setting of {model.metric} and must be {plain!r}"
    return None


def load_model(
    name: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    trunk_weights: str | os.PathLike[str] | None = None,
    levels: int | None = None,
    small: str = "error",
    normalize: str | None = None,
) -> MSDS:
    """Build the metric of a model.

    Parameters
    ----------
    name : id of a model (see `MODELS`), path of a model file, or a folder written by
        `save_pretrained`, whose settings are its own.
    trunk_weights : file of the trunk's weights, or "random".
    levels : another number of levels than the model's; the weights are then equal.
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
    from msds.metric.modules import MSDS, DeepSSIM, DeepSSIMLite
    from msds.trunks.compact import COMPACT_VERSION

    if (Path(name) / CONFIG).is_file():
        return _saved(name, trunk_weights=trunk_weights, levels=levels, normalize=normalize)
    model = find_model(name)
    weights = os.fspath(trunk_weights) if trunk_weights is not None else None
    settings = OPTIONS[model.metric]
    if levels not in (None, model.levels) and "levels" not in settings:
        raise InputError(f"{model.id} has one level: choose an msds model for {levels} levels.")
    if normalize not in (None, model.normalize) and "normalize" not in settings:
        raise InputError(f"{model.id} divides its Gram matrices in its own way: no normalize.")
    wanted = {"levels": levels, "normalize": normalize}
    changes = {
        key: value
        for key, value in wanted.items()
        if value is not None and value != getattr(model, key)
    }
    normalize = normalize or model.normalize
    metric: MSDS
    if model.metric == "deepssim":
        metric = DeepSSIM(model.trunk, normalize=normalize, trunk_weights=weights)
    elif model.metric == "deepssim-lite":
        metric = DeepSSIMLite(model.trunk, trunk_weights=weights)
    else:
        metric = MSDS(
            model.trunk,
            levels=levels or model.levels,
            weights=None if "levels" in changes else model.weights,
            fusion=model.fusion,
            filter=model.filter,
            normalize=normalize,
            small=small,
            trunk_weights=weights,
        )
    if model.id not in MODELS:
        usual = f"compact-v{COMPACT_VERSION}" if model.trunk == "compact" else model.trunk
        if metric.trunk.name != usual:
            changes["trunk"] = metric.trunk.name
        text = ",".join(f"{key}={value}" for key, value in changes.items())
        metric.model_id = f"{model.id}({text})" if text else model.id
    return metric


def _saved(folder: str | os.PathLike[str], **settings: Any) -> MSDS:
    """The metric of a folder, which has no other settings than those it was saved with."""
    from msds.metric.modules import MSDS

    asked = [key for key, value in settings.items() if value is not None]
    if asked:
        raise InputError(f"{folder} holds a saved metric, which has its own {asked[0]}.")
    return MSDS.from_pretrained(folder)
