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
from msds.study.learning import Learned
from msds.study.transfer import ALL, EQUAL, ONE, Transfer
from msds.version import __version__


def fitted_model(base: Model, trunk_digest: str, learned: Learned, identity: str) -> Model:
    """The base model with learned weights, and where they come from."""
    transfer, fit = learned.transfer, learned.fit
    records = [_record(data) for data in learned.sets]
    provenance: dict[str, Any] = {
        "learned_on": records[0] if len(records) == 1 else records,
        "base_model": base.id,
        "trunk_digest": trunk_digest,
        "objective": learned.plan.objective,
        **({"cross_validation": _cross_validation(fit)} if fit is not None else {}),
        **({"left_out": _left_out(transfer)} if len(records) > 1 else {}),
        "versions": {
            "msds": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
    weights = tuple(round(float(w), 8) for w in learned.weights)
    settings = replace(base.settings, levels=len(weights), weights=weights, fusion=transfer.form)
    return replace(base, id=identity, settings=settings, provenance=provenance)


def _record(data: RatedSet) -> dict[str, Any]:
    return {
        "set": data.title,
        "id": data.id,
        "pairs": len(data),
        "references": len(set(data.groups)),
        "fingerprint": data.fingerprint,
    }


def _cross_validation(fit: WeightFit) -> dict[str, Any]:
    return {
        "folds": fit.folds,
        "seeds": len(fit.srcc),
        "srcc_unseen_references": round(float(fit.srcc.mean()), 6),
        "srcc_equal_weights": round(fit.rivals["equal weights"], 6),
        "gain_over_equal_weights": round(fit.gains["equal weights"].difference, 6),
        "gain_p_value": round(fit.gains["equal weights"].p_value, 6),
        "weights_mean": [round(float(w), 6) for w in fit.fold_weights.mean(axis=0)],
        "weights_deviation": [round(float(w), 6) for w in fit.fold_weights.std(axis=0)],
    }


def _left_out(transfer: Transfer) -> list[dict[str, Any]]:
    """What weights learned on all other sets do on each."""
    found = []
    for name in transfer.names[: transfer.learned]:
        trial = transfer.trials[transfer.rest_name(name) or ALL, name]
        plain = {rival: transfer.plain[rival, name].srcc for rival in (EQUAL, ONE)}
        found.append(
            {
                "set": name,
                "srcc": round(trial.agreement.srcc, 6),
                "srcc_equal_weights": round(plain[EQUAL], 6),
                "srcc_level_1": round(plain[ONE], 6),
            }
        )
    return found
