"""Models by id: a trunk, the settings of a metric, and where its level weights come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msds.metric.settings import Settings
from msds.trunks.compact import COMPACT_VERSION

DEFAULT_MODEL = "msds-compact"

_LEANS_ON: Mapping[str, Any] = {
    "learned_on": [
        {"set": "tid2013-part", "id": "tid2013-part", "pairs": 135},
        {"set": "live-part", "id": "live-part", "pairs": 60},
    ]
}
"""The rated pairs that the weights of compact's four levels lean on, see docs/models/compact.md."""


@dataclass(frozen=True)
class Model:
    """What defines a model besides its trunk's weights.

    Attributes
    ----------
    id : its name in every result.
    trunk : name of the trunk, see `msds.trunks.load_trunk`.
    settings : of the metric; no weights means those that are usual for the trunk: learned ones,
        and equal ones where none have been learned.
    provenance : where the weights of the levels come from.
    good_for : what to take it for, in a few words.
    """

    id: str
    trunk: str
    settings: Settings = field(default_factory=Settings)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    good_for: str = ""

    @property
    def learned_on(self) -> tuple[Mapping[str, Any], ...]:
        """Records of the rated sets that the weights were learned on, where known."""
        found = self.provenance.get("learned_on", ())
        records = [found] if isinstance(found, Mapping) else found
        if not isinstance(records, Sequence) or isinstance(records, str):
            return ()
        return tuple(record for record in records if isinstance(record, Mapping))


MODELS = {
    model.id: model
    for model in (
        Model(
            "msds-compact",
            "compact",
            provenance=_LEANS_ON,
            good_for="everyday work, gates, large sets",
        ),
        Model(
            "msds-compact-v4",
            "compact-v4",
            good_for="two thirds of the time of msds-compact: long sweeps, videos",
        ),
        Model("msds-vgg16", "vgg16", good_for="the paper's metric, published comparisons"),
        Model("msds-vgg19", "vgg19", good_for="the same with the deeper network"),
        Model(
            "deepssim-compact",
            "compact",
            Settings("deepssim", levels=1),
            good_for="detail at full size, the least time",
        ),
        Model(
            "deepssim-vgg16",
            "vgg16",
            Settings("deepssim", levels=1),
            good_for="DeepSSIM as its authors published it",
        ),
        Model(
            "deepssim-lite-vgg16",
            "vgg16",
            Settings("deepssim-lite", levels=1),
            good_for="DeepSSIM-Lite as published",
        ),
        Model(
            "deepssim-lite-compact",
            "compact",
            Settings("deepssim-lite", levels=1),
            good_for="one number per image pair, without blocks",
        ),
    )
}
"""The models that come with the package, by id."""


def model_of_id(name: str) -> Model | None:
    """The model that comes with the package under an id, with or without the trunk's version."""
    return MODELS.get(name.removesuffix(f"-v{COMPACT_VERSION}"))


def trunk_name(trunk: str) -> str:
    """What a trunk that `load_trunk` is asked for is called in results."""
    return f"compact-v{COMPACT_VERSION}" if trunk == "compact" else trunk
