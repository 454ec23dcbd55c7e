"""What there is to choose from: every model with its use, cost and weights."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from msds.models.catalogue import DEFAULT_MODEL, MODELS, Model, trunk_name
from msds.trunks.compact import COMPACT_NAMES, VERSIONS
from msds.trunks.layers import expected_shapes, multiply_accumulates
from msds.trunks.vgg import vgg_layers
from msds.trunks.weights.published import PUBLISHED, candidates

HEIGHT, WIDTH = 384, 512
"""Of the image that costs are given for."""

FAST_GMAC = 5.0
"""Models that cost less are called fast: tens of milliseconds for a pair on one core."""

RANGE = "up to 1, which is identical; seldom below 0"
DIRECTION = "higher is better"


@dataclass(frozen=True)
class Listed:
    """A model as `msds models` shows it.

    Attributes
    ----------
    id : its name in every result.
    default : whether it is taken where none is named.
    good_for : what to take it for.
    levels : of the pyramid.
    range, direction : of its scores.
    parameters : of the trunk.
    megabytes : of the trunk's weights, as this package keeps them.
    gmac : billions of multiplications for one image of 384 x 512 pixels, all levels.
    speed : "fast" or "slow".
    weights : the file they are in, or None if they are not on this machine.
    how : where the weights are, or how to get them, in words.
    """

    id: str
    default: bool
    good_for: str
    levels: int
    range: str
    direction: str
    parameters: int
    megabytes: float
    gmac: float
    speed: str
    weights: str | None
    how: str

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)


def list_models() -> list[Listed]:
    """The models that come with the package, the default one first.

    Raises
    ------
    WeightsError
        If MSDS_WEIGHTS names something that does not exist.
    """
    return [_listed(model) for model in MODELS.values()]


def _listed(model: Model) -> Listed:
    version = COMPACT_NAMES.get(model.trunk)
    layers = vgg_layers(model.trunk) if version is None else VERSIONS[version].layers
    parameters = sum(math.prod(shape) for shape in expected_shapes(layers).values())
    levels = model.settings.levels
    cost = sum(multiply_accumulates(layers, HEIGHT >> k, WIDTH >> k) for k in range(levels)) / 1e9
    path, how = _weights(model.trunk)
    name = model.id.replace(model.trunk, trunk_name(model.trunk))
    return Listed(
        name,
        model.id == DEFAULT_MODEL,
        model.good_for,
        levels,
        RANGE,
        DIRECTION,
        parameters,
        # The shipped trunks are kept in float16, the others in float32.
        round(parameters * (4 if version is None else 2) / 1e6, 1),
        round(cost, 2),
        "fast" if cost < FAST_GMAC else "slow",
        path,
        how,
    )


def _weights(trunk: str) -> tuple[str | None, str]:
    if trunk in COMPACT_NAMES:
        return str(VERSIONS[COMPACT_NAMES[trunk]].weights), "part of this package"
    found = next(iter(candidates(PUBLISHED[trunk])), None)
    if found is None:
        return None, f"not here: run `msds weights fetch {trunk}`"
    return str(found.path), f"here, from {found.origin}"
