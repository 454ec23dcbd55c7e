"""Which layer of a trunk agrees best with people?"""

from __future__ import annotations

from collections.abc import Mapping

from msds.errors import InputError
from msds.method.fusion import equal_weights
from msds.method.similarity import BLOCK
from msds.metric.modules import MSDS
from msds.scoring.contenders import DeepContender
from msds.study.datasets.base import RatedSet
from msds.study.measuring import Measured, Work, measure_set
from msds.trunks import Trunk
from msds.trunks.chain import ChainTrunk
from msds.trunks.layers import Conv


def layer_trunks(trunk: Trunk) -> dict[str, ChainTrunk]:
    """The trunk cut after each convolution's ReLU, by the convolution's name.

    Layers whose channels do not divide into blocks are left out.

    Raises
    ------
    InputError
        If the trunk is not a chain of layers.
    """
    if not isinstance(trunk, ChainTrunk):
        raise InputError(f"The layers of trunk {trunk.name!r} are not known: it is not a chain.")
    state = {key.removeprefix("convolutions."): value for key, value in trunk.state_dict().items()}
    found = {}
    for end, layer in enumerate(trunk.layers, start=1):
        if isinstance(layer, Conv) and layer.channels % BLOCK == 0:
            kept = trunk.layers[:end]
            names = {item.name for item in kept if isinstance(item, Conv)}
            weights = {k: v for k, v in state.items() if k.rpartition(".")[0] in names}
            found[layer.name] = ChainTrunk(
                f"{trunk.name}:{layer.name}", kept, weights, trunk.mean, trunk.std
            )
    return found


def study_layers(
    data: RatedSet,
    trunks: Mapping[str, Trunk],
    levels: int,
    work: Work | None = None,
) -> Measured:
    """Level scores of every layer, in the order of `trunks`."""
    contenders = [
        DeepContender(MSDS(trunk, levels=levels, weights=equal_weights(levels)), name)
        for name, trunk in trunks.items()
    ]
    return measure_set(data, contenders, work)
