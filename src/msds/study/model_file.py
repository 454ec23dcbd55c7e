"""Writing learned weights as a model file that `--model FILE` uses everywhere."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from msds.files import atomic_write
from msds.models.catalogue import FORMAT, Model
from msds.study.datasets.base import RatedSet
from msds.study.fitting import WeightFit
from msds.version import __version__


def fitted_model(
    base: Model, trunk_digest: str, data: RatedSet, fit: WeightFit, identity: str
) -> Model:
    """The base model with learned weights, and where they come from."""
    provenance: dict[str, Any] = {
        "learned_on": {
            "set": data.title,
            "id": data.id,
            "pairs": len(data),
            "references": len(set(data.groups)),
            "fingerprint": data.fingerprint,
        },
        "base_model": base.id,
        "trunk_digest": trunk_digest,
        "objective": fit.objective,
        "cross_validation": {
            "folds": fit.folds,
            "seeds": len(fit.srcc),
            "srcc_unseen_references": round(float(fit.srcc.mean()), 6),
            "srcc_equal_weights": round(fit.rivals["equal weights"], 6),
            "gain_over_equal_weights": round(fit.gains["equal weights"].difference, 6),
            "gain_p_value": round(fit.gains["equal weights"].p_value, 6),
            "weights_mean": [round(float(w), 6) for w in fit.fold_weights.mean(axis=0)],
            "weights_deviation": [round(float(w), 6) for w in fit.fold_weights.std(axis=0)],
        },
        "versions": {
            "msds": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
    weights = tuple(round(float(w), 8) for w in fit.weights)
    return replace(
        base,
        id=identity,
        levels=len(weights),
        weights=weights,
        fusion=fit.form,
        provenance=provenance,
    )


def write_model(path: Path, model: Model) -> None:
    """Write a model file (JSON)."""
    content = {"format": FORMAT, **asdict(model)}
    with atomic_write(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
