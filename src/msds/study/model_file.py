"""Learned weights as a model, with where they come from."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from msds.models import Model
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
    settings = replace(base.settings, levels=len(weights), weights=weights, fusion=fit.form)
    return replace(base, id=identity, settings=settings, provenance=provenance)
