"""A metric as a folder that holds all of it: `config.json` and `model.safetensors`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from msds.errors import InputError, MSDSError, WeightsError
from msds.files import atomic_write
from msds.metric.modules import METRICS, MSDS
from msds.metric.settings import Identity
from msds.text import one_line, reason
from msds.trunks import ChainTrunk
from msds.trunks.layers import Conv, Layer, Pool
from msds.version import __version__

Metric = TypeVar("Metric", bound=MSDS)

FORMAT = "msds-pretrained-1"
CONFIG = "config.json"
TENSORS = "model.safetensors"


def save_pretrained(metric: MSDS, folder: str | os.PathLike[str]) -> None:
    """Write a metric to a folder, made if it does not exist.

    Weights that were being learned are written as the numbers they are now.

    Raises
    ------
    InputError
        If the trunk is a module of the user's own: its code cannot be stored as data. If an
        engine computes the features in a reduced precision, which is no part of the weights.
    """
    precision = metric.trunk.precision
    if precision != "float32":
        raise InputError(
            f"This metric computes in {precision}, which its weights do not tell: call "
            "set_engine('torch') before saving, and set_engine again after loading."
        )
    trunk = metric.trunk.reference_chain
    if trunk is None:
        raise InputError(
            f"Trunk {metric.trunk.name!r} is not a table of layers and cannot be saved: save its "
            "module by its own means."
        )
    config = {
        "format": FORMAT,
        "msds_version": __version__,
        "metric": metric.kind,
        "model_id": metric.model_id,
        "fingerprint": metric.fingerprint,
        "options": metric.configuration.options(),
        "trunk": {
            "name": trunk.name,
            "mean": trunk.mean,
            "std": trunk.std,
            "layers": [
                {"type": type(layer).__name__.lower(), **asdict(layer)} for layer in trunk.layers
            ],
        },
    }
    tensors = {
        key.removeprefix("convolutions."): value.detach().cpu().contiguous()
        for key, value in trunk.state_dict().items()
    }
    with atomic_write(Path(folder) / TENSORS) as file:
        file.write(save(tensors))
    with atomic_write(Path(folder) / CONFIG, "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)
        file.write("\n")


def load_pretrained(folder: str | os.PathLike[str], wanted: type[Metric]) -> Metric:
    """The metric `save_pretrained` wrote to a folder, on the CPU.

    Raises
    ------
    InputError
        If there is no such folder, its configuration is not one of these, or the metric is not of
        the class that is wanted.
    WeightsError
        If the tensors are damaged, or do not give the fingerprint the configuration names.
    """
    path = Path(folder) / CONFIG
    try:
        config = json.loads(_regular(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"Cannot read {path}: {reason(error)}; expected a folder written by save_pretrained "
            "(nothing is downloaded)."
        ) from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise InputError(f"{path} is not a saved metric: expected format {FORMAT!r}.")
    tensors = _tensors(Path(folder) / TENSORS)
    try:
        table = config["trunk"]
        layers = [_layer(entry) for entry in table["layers"]]
        trunk = ChainTrunk(table["name"], layers, tensors, table["mean"], table["std"])
        metric = _build(config["metric"], trunk, config["options"], wanted)
        metric.named(Identity(str(config["model_id"]), metric.configuration, trunk.name))
        expected = config["fingerprint"]
    except MSDSError as error:
        kind = WeightsError if isinstance(error, WeightsError) else InputError
        raise kind(f"{path} is not a whole configuration: {one_line(reason(error))}.") from error
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{path} is not a whole configuration: {error!r}.") from error
    if not isinstance(metric, wanted):
        raise InputError(f"{folder} holds a {type(metric).__name__}, not a {wanted.__name__}.")
    metric.to(next(iter(tensors.values())).dtype)
    if metric.fingerprint != expected:
        raise WeightsError(
            f"{folder} does not hold the metric its configuration names: the fingerprint is "
            f"{metric.fingerprint[:12]}, expected {one_line(str(expected)[:12])}."
        )
    return metric


def _build(kind: str, trunk: ChainTrunk, options: dict[str, Any], wanted: type[MSDS]) -> MSDS:
    """A metric of this kind, of the class that is wanted if that is one of this kind."""
    made = wanted if wanted.kind == kind else METRICS[kind]
    return made(trunk, **options)


def _layer(entry: dict[str, Any]) -> Layer:
    values = dict(entry)
    kinds: dict[str, type[Conv] | type[Pool]] = {"conv": Conv, "pool": Pool}
    return kinds[values.pop("type")](**values)


def _regular(path: Path) -> Path:
    """A path that is no pipe, which would be waited for, and no device."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: this is no regular file; expected a folder of save_pretrained.")
    return path


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load(_regular(path).read_bytes())
    except OSError as error:
        raise WeightsError(f"Cannot read {path}: {error.strerror or error}.") from error
    except SafetensorError as error:
        raise WeightsError(f"{path} is not a whole safetensors file: {error}.") from error
