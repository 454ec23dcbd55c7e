"""`Settings`: what decides a score besides images and trunk, said once.

Names, fingerprints, records, text and arguments of metrics all derive from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, get_args

from msds.encoding.levels import Levels, Small
from msds.errors import InputError
from msds.method.fusion import FORMS, Form, check_weights
from msds.method.pyramid import Filter
from msds.method.similarity import BLOCK, STABILITY
from msds.metric.learned import default_weights

if TYPE_CHECKING:
    from msds.trunks import Trunk

Normalize: TypeAlias = Literal["none", "positions"]
NORMALIZE: tuple[Normalize, ...] = get_args(Normalize)

OPTIONS: dict[str, tuple[str, ...]] = {
    "msds": ("levels", "weights", "fusion", "filter", "normalize", "small"),
    "deepssim": ("normalize",),
    "deepssim-lite": (),
}
"""The settings that each kind of metric has; the others are fixed."""


class MetricOptions(TypedDict, total=False):
    """Keyword arguments of `msds.MSDS` that are also those of its loss."""

    levels: int
    weights: Sequence[float] | None
    fusion: Form
    filter: Filter
    normalize: Normalize
    small: Small
    trunk_weights: str | None


@dataclass(frozen=True)
class Settings:
    """What decides a score besides images and trunk.

    Attributes
    ----------
    metric : kind of metric, a key of `OPTIONS`.
    levels : of the pyramid; 1 for all kinds but "msds".
    weights : one for each level, on the simplex; None for those of the trunk (`for_trunk`).
    fusion : "linear" or "geometric".
    filter : of the pyramid.
    normalize : "none" or "positions".
    small : what is done with images too small for all levels.

    Raises
    ------
    InputError
        If a value is not allowed, or is not a setting of this kind of metric.
    """

    metric: str = "msds"
    levels: int = 4
    weights: tuple[float, ...] | None = None
    fusion: str = "linear"
    filter: str = "average"
    normalize: str = "none"
    small: str = "error"

    def __post_init__(self) -> None:
        if self.metric not in OPTIONS:
            raise InputError(
                f"Unknown metric {self.metric!r}: expected one of {', '.join(OPTIONS)}."
            )
        for name, usual in usual_settings(self.metric).items():
            fixed = name not in OPTIONS[self.metric]
            if fixed and getattr(self, name) not in (usual, (1.0,)):
                raise InputError(f"{name} is no setting of {self.metric} and must be {usual!r}.")
        Levels(self.levels, self.filter, self.small)
        if self.fusion not in FORMS:
            raise InputError(f"Unknown fusion {self.fusion!r}: expected {' or '.join(FORMS)}.")
        if self.normalize not in NORMALIZE:
            raise InputError(
                f"Unknown normalize {self.normalize!r}: expected "
                f"{' or '.join(map(repr, NORMALIZE))}."
            )
        if self.weights is not None:
            object.__setattr__(self, "weights", check_weights(self.weights, self.levels))

    def for_trunk(self, trunk: str) -> Settings:
        """The same with the weights that are usual for a trunk, if none are named."""
        if self.weights is not None:
            return self
        return replace(self, weights=default_weights(trunk, self.levels))

    @property
    def pyramid(self) -> Levels:
        """What is encoded of an image."""
        return Levels(self.levels, self.filter, self.small)

    def options(self) -> dict[str, Any]:
        """The keyword arguments that build a metric of this kind with these settings."""
        return {name: getattr(self, name) for name in OPTIONS[self.metric]}

    def record(self, trunk: Trunk) -> dict[str, Any]:
        """Everything besides the input that decides a score, as results hold it."""
        return {
            "metric": self.metric,
            "trunk": trunk.name,
            "trunk_digest": trunk.digest,
            "levels": self.levels,
            "weights": [round(w, 12) for w in self.weights or ()],
            "fusion": self.fusion,
            "filter": self.filter,
            "normalize": self.normalize,
            "block": BLOCK,
            "c": STABILITY,
        }

    def changes(self, base: Settings, trunk: str) -> list[str]:
        """What differs from a base, as in "levels=2"; weights only if they are not the usual."""
        usual = base.weights if self.levels == base.levels else None
        usual = check_weights(usual or default_weights(trunk, self.levels), self.levels)
        weights = self.weights or usual
        shown = "/".join(f"{w:.3g}" for w in weights)
        found = {
            "levels": (self.levels, base.levels),
            "weights": (shown, shown if _equal(weights, usual) else ""),
            "fusion": (self.fusion, base.fusion),
            "filter": (self.filter, base.filter),
            "normalize": (self.normalize, base.normalize),
        }
        return [f"{name}={own}" for name, (own, other) in found.items() if own != other]

    def __str__(self) -> str:
        weights = ", ".join(f"{w:.4g}" for w in self.weights or ())
        return (
            f"levels={self.levels}, weights=({weights}), fusion={self.fusion!r}, "
            f"filter={self.filter!r}, normalize={self.normalize!r}, small={self.small!r}"
        )


def _equal(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether weights are the same but for the rounding of parameters."""
    return all(abs(a - b) < 1e-6 for a, b in zip(first, second, strict=True))


def usual_settings(metric: str) -> dict[str, Any]:
    """The settings of a kind of metric where none are named, by name."""
    usual = {name: Settings.__dataclass_fields__[name].default for name in OPTIONS["msds"]}
    return usual if metric == "msds" else {**usual, "levels": 1}


@dataclass(frozen=True)
class Identity:
    """The name of a model, with the settings and the trunk that it stands for.

    Attributes
    ----------
    name : as results give it.
    settings : those that need no mention.
    trunk : the name of its trunk.
    """

    name: str
    settings: Settings
    trunk: str

    @classmethod
    def of(cls, metric: str, trunk: str) -> Identity:
        """That of a metric that has no other name than its kind and trunk."""
        return cls(f"{metric}-{trunk}", Settings(metric, **usual_settings(metric)), trunk)

    def describe(self, settings: Settings, trunk: Trunk) -> str:
        """The name, with every setting that differs, and the precision if it is reduced."""
        changes = settings.changes(self.settings, trunk.name)
        if trunk.name != self.trunk:
            changes.append(f"trunk={trunk.name}")
        return (
            self.name
            + (f"({','.join(changes)})" if changes else "")
            + (f"+{trunk.reduced}" if trunk.reduced else "")
        )


def fingerprint(record: Mapping[str, Any]) -> str:
    """SHA-256 over a record of settings: equal fingerprints, equal scores."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
