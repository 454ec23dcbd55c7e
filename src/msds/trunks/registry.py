"""Trunks by name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from msds.errors import InputError, WeightsError
from msds.places import expanded
from msds.trunks.chain import ChainTrunk
from msds.trunks.compact import COMPACT_NAMES, VERSIONS
from msds.trunks.layers import Layer, expected_shapes, random_weights
from msds.trunks.vgg import CONVOLUTIONS_PER_STAGE, DEFAULT_LAYER, vgg_layers

TRUNKS = (*COMPACT_NAMES, *CONVOLUTIONS_PER_STAGE)
"""Names `load_trunk` knows."""

RANDOM = "random"
"""In place of a weights file: random weights, for measuring speed and for tests."""


def load_trunk(spec: str, weights: str | os.PathLike[str] | None = None) -> ChainTrunk:
    """Load a trunk by name.

    Parameters
    ----------
    spec : "compact", one of its versions as in "compact-v4", "vgg16" or "vgg19"; the latter two may
        name a layer, as in "vgg16:relu4_1"
        (the default is the ReLU of conv5_1).
    weights : a file of weights; "random"; or None for the shipped weights of `compact`, and for
        the published ones of VGG, which are looked for as `msds weights` describes.

    Raises
    ------
    InputError
        If the name is not known.
    WeightsError
        If the weights cannot be had or do not fit.
    """
    network, _, layer = spec.partition(":")
    if network not in TRUNKS:
        raise InputError(f"Unknown trunk {spec!r}: expected one of {', '.join(TRUNKS)}.")
    version = COMPACT_NAMES.get(network)
    if version is None:
        layers = vgg_layers(network, layer or DEFAULT_LAYER)
    elif layer:
        raise InputError(f"The compact trunk has no layers to choose from: use {network!r}.")
    else:
        layers = VERSIONS[version].layers
    if weights == RANDOM:
        return ChainTrunk(f"{network}-random", layers, random_weights(layers))
    if version is None:
        return _vgg(network, layer, layers, weights)
    return _compact(version, weights)


def _compact(version: int, weights: str | os.PathLike[str] | None) -> ChainTrunk:
    known = VERSIONS[version]
    if weights is None:
        tensors = _read(known.weights, known.sha256)
        return ChainTrunk(f"compact-v{version}", known.layers, tensors)
    return ChainTrunk(f"compact-{Path(weights).stem}", known.layers, _read(expanded(weights)))


def _vgg(
    network: str, layer: str, layers: Sequence[Layer], weights: str | os.PathLike[str] | None
) -> ChainTrunk:
    """The published network up to the last of these layers, which is named if it is not usual."""
    from msds.trunks.weights.stored import load_published

    kept = expected_shapes(vgg_layers(network))
    wanted = expected_shapes(layers).keys()
    if wanted - kept.keys():
        raise InputError(
            f"Layer {layer!r} of {network} lies beyond {DEFAULT_LAYER}, and no weights are kept "
            "beyond it."
        )
    tensors = load_published(network, weights)
    name = network if layer in ("", DEFAULT_LAYER) else f"{network}:{layer}"
    return ChainTrunk(name, layers, {key: tensors[key] for key in wanted})


def _read(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Tensors of a safetensors file as float32, which has this SHA-256 if one is given."""
    try:
        # A pipe or a device could be read for ever.
        if path.exists() and not path.is_file():
            raise WeightsError(f"{path} is not a regular file; expected a safetensors file.")
        data = path.read_bytes()
        found = hashlib.sha256(data).hexdigest() if sha256 else None
        if found != sha256:
            raise WeightsError(
                f"{path} is damaged: its SHA-256 is {found}, expected {sha256}; install msds-iqa "
                "again."
            )
        return {key: value.float() for key, value in load(data).items()}
    except OSError as error:
        raise WeightsError(
            f"Cannot read the weights file {path}: {error.strerror or error}."
        ) from error
    except SafetensorError as error:
        raise WeightsError(f"{path} is not a whole safetensors file: {error}.") from error
