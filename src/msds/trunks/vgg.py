"""VGG16 and VGG19 as tables: up to the ReLU of any of their convolutions."""

from __future__ import annotations

from msds.errors import InputError
from msds.trunks.layers import Conv, Layer, Pool

CONVOLUTIONS_PER_STAGE = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
STAGE_CHANNELS = (64, 128, 256, 512, 512)
DEFAULT_LAYER = "relu5_1"
"""The layer DeepSSIM takes its features from."""


def vgg_layers(network: str, last: str = DEFAULT_LAYER) -> tuple[Layer, ...]:
    """The layers of "vgg16" or "vgg19" from the image to the ReLU `last`, such as "relu5_1".

    Raises
    ------
    InputError
        If the network or the layer does not exist.
    """
    if network not in CONVOLUTIONS_PER_STAGE:
        raise InputError(f"Unknown VGG network {network!r}: expected vgg16 or vgg19.")
    layers: list[Layer] = []
    for stage, count in enumerate(CONVOLUTIONS_PER_STAGE[network], start=1):
        for i in range(1, count + 1):
            layers.append(Conv(f"conv{stage}_{i}", STAGE_CHANNELS[stage - 1]))
            if last == f"relu{stage}_{i}":
                return tuple(layers)
        layers.append(Pool())
    raise InputError(f"{network} has no layer {last!r}: expected relu1_1 to relu5_{count}.")
