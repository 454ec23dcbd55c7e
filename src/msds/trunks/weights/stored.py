"""Published weights made ours: found or fetched, checked, cut to the used layers, loaded strictly.

A published file is opened only after its SHA-256 has been checked, and then as data
(`weights_only=True`). What is kept of it is a safetensors file whose header says where it comes
from and carries a digest of the tensors, which is checked on every load.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from msds.errors import WeightsError
from msds.files import atomic_write, sha256_file
from msds.places import weights_folder
from msds.trunks.layers import Conv, Layer, check_tensors, expected_shapes
from msds.trunks.vgg import CONVOLUTIONS_PER_STAGE, DEFAULT_LAYER, vgg_layers
from msds.trunks.weights.download import download, exclusive
from msds.trunks.weights.published import (
    OFFICIAL_URL,
    PUBLISHED,
    Candidate,
    PublishedWeights,
    candidates,
    is_offline,
    published_weights,
)
from msds.version import __version__

Loaded: TypeAlias = tuple[Path, dict[str, Tensor]]
"""A converted file and what is in it."""

_HEADER_ALLOWANCE = 1 << 20
_log = logging.getLogger("msds")


def load_published(name: str, weights: str | os.PathLike[str] | None = None) -> dict[str, Tensor]:
    """The convolutions of a published network up to conv5_1.

    Parameters
    ----------
    name : `"vgg16"` or `"vgg19"`.
    weights : the published file or a converted one; by default they are searched for in
        MSDS_WEIGHTS, the cache and the checkpoints of torch hub, then downloaded.

    Returns
    -------
    Float32 tensors `conv1_1.weight` (out, in, 3, 3), `conv1_1.bias` (out), ... `conv5_1.bias`.

    Raises
    ------
    WeightsError
        If there are none, or a file is not what it must be.
    """
    return _find(published_weights(name), weights)[1]


def resolve(name: str, weights: str | os.PathLike[str] | None = None) -> Path:
    """Path of the converted and verified safetensors file; arguments as in `load_published`."""
    return _find(published_weights(name), weights)[0]


def import_file(path: str | os.PathLike[str]) -> Path:
    """Take a published or converted file into the cache; which network it holds is in the file.

    Raises
    ------
    WeightsError
        If it is none of the published files, nor one made from them.
    """
    source = Path(path).expanduser()
    if not source.is_file():
        raise WeightsError(f"{source} is not a file.")
    if source.suffix == ".safetensors":
        published = _made_from(source)
        return _store(read_converted(source, published), published)[0]
    found = _sha256(source)
    for published in PUBLISHED.values():
        if found == published.sha256:
            return _store(read_published(source, published), published)[0]
    known = " nor ".join(entry.file for entry in PUBLISHED.values())
    raise WeightsError(f"{source} is neither {known}: its SHA-256 is {found}.")


def verify_file(path: str | os.PathLike[str], name: str) -> None:
    """Check that a published or converted file is whole and holds the network `name`.

    Raises
    ------
    WeightsError
        If not; the message says what was found.
    """
    published = published_weights(name)
    source = Path(path)
    if source.suffix == ".safetensors":
        read_converted(source, published)
    else:
        _check_hash(source, published)


def _find(published: PublishedWeights, weights: str | os.PathLike[str] | None) -> Loaded:
    for candidate in candidates(published, weights):
        found = _use(candidate.path, published) if candidate.chosen else _try(candidate, published)
        if found:
            return found
    if is_offline():
        raise WeightsError(
            f"The {published.name} weights are not on this machine and MSDS_OFFLINE forbids "
            f"the network: {published.advice}."
        )
    return _fetch(published)


def _try(candidate: Candidate, published: PublishedWeights) -> Loaded | None:
    """Use a file that was only come across; one that does not fit is named and passed over."""
    try:
        return _use(candidate.path, published)
    except WeightsError as error:
        _log.warning("Passed over in %s: %s", candidate.origin, error)
        return None


def _use(path: Path, published: PublishedWeights) -> Loaded:
    if path.suffix == ".safetensors":
        return path, read_converted(path, published)
    _check_hash(path, published)
    return _cached(published) or _store(read_published(path, published), published)


def _cached(published: PublishedWeights) -> Loaded | None:
    """The converted file in the cache, unless there is none or it is damaged."""
    path = weights_folder() / published.converted_file
    try:
        return (path, read_converted(path, published)) if path.is_file() else None
    except WeightsError as error:
        _log.info("Made again: %s", error)
        return None


def _fetch(published: PublishedWeights) -> Loaded:
    folder = weights_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / f"{published.file}.lock"):
            # Another process may have written it while this one waited for the lock.
            if found := _cached(published):
                return found
            source = download(published, folder)
            stored = _store(read_published(source, published), published)
            source.unlink()
            return stored
    except OSError as error:
        raise _unwritable(error, folder) from error


def _store(tensors: dict[str, Tensor], published: PublishedWeights) -> Loaded:
    """Write the converted file into the cache."""
    path = weights_folder() / published.converted_file
    metadata = {
        "format": "pt",
        "model": published.name,
        "source_file": published.file,
        "source_sha256": published.sha256,
        "source": f"{published.source}, {OFFICIAL_URL}/{published.file}",
        "licence": published.licence,
        "layers": " ".join(
            layer.name for layer in kept_layers(published) if isinstance(layer, Conv)
        ),
        "tensors_sha256": tensors_digest(tensors),
        "converted_by": f"msds {__version__}",
    }
    data = safetensors.torch.save(tensors, metadata)
    try:
        with atomic_write(path) as file:
            file.write(data)
    except OSError as error:
        raise _unwritable(error, path.parent) from error
    return path, tensors


def read_published(path: Path, published: PublishedWeights) -> dict[str, Tensor]:
    """Read a published checkpoint whose hash has been checked; keep and rename the used layers."""
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nearly anything on a damaged file
        # Its own message is not repeated: it advises to load the file as code.
        raise WeightsError(f"{path} was refused: it is not a file of tensors alone.") from error
    if not isinstance(checkpoint, Mapping):
        raise WeightsError(
            f"{path} holds a {type(checkpoint).__name__}, expected a mapping of names to tensors."
        )
    # Every convolution must be there, also those that are not kept; the classifier is not used.
    network = vgg_layers(published.name, f"relu5_{CONVOLUTIONS_PER_STAGE[published.name][-1]}")
    names = _names_in_paper(network)
    tensors = {
        names.get(str(key), str(key)): value.detach() if isinstance(value, Tensor) else value
        for key, value in checkpoint.items()
        if not str(key).startswith("classifier.")
    }
    _check(path, published, network, tensors)
    return {key: tensors[key].contiguous() for key in expected_shapes(kept_layers(published))}


def kept_layers(published: PublishedWeights) -> tuple[Layer, ...]:
    """The part of the network that is kept: up to the ReLU of conv5_1, which DeepSSIM needs."""
    return vgg_layers(published.name, DEFAULT_LAYER)


def _names_in_paper(network: Sequence[Layer]) -> dict[str, str]:
    """From the published names of tensors, which count modules, to ours, which name layers."""
    names = {}
    index = 0
    for layer in network:
        if isinstance(layer, Conv):
            for kind in ("weight", "bias"):
                names[f"features.{index}.{kind}"] = f"{layer.name}.{kind}"
            index += 1  # the ReLU, a module of its own
        index += 1
    return names


def read_converted(path: Path, published: PublishedWeights) -> dict[str, Tensor]:
    """Read and verify a converted file: provenance, names, shapes, type, digest of the values.

    Raises
    ------
    WeightsError
        If anything is not as it was written.
    """
    layers = kept_layers(published)
    limit = _HEADER_ALLOWANCE + 4 * sum(map(math.prod, expected_shapes(layers).values()))
    try:
        size = path.stat().st_size
        if size > limit:
            raise WeightsError(f"{path} has {size:,} bytes, expected at most {limit:,}.")
        data = path.read_bytes()
        tensors = safetensors.torch.load(data)
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {error}") from error
    metadata = _metadata(data)
    source = metadata.get("source_sha256", "nothing")
    if source != published.sha256:
        raise WeightsError(
            f"{path} does not hold the {published.name} weights: it was made from "
            f"{metadata.get('source_file', 'an unnamed file')} (SHA-256 {source}), "
            f"expected {published.file} ({published.sha256})."
        )
    _check(path, published, layers, tensors)
    recorded, found = metadata.get("tensors_sha256"), tensors_digest(tensors)
    if recorded != found:
        raise WeightsError(
            f"{path} is damaged: the SHA-256 of its tensors is {found}, recorded {recorded}."
        )
    return tensors


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and values, whatever the order and the file layout."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().contiguous().cpu()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _check_hash(path: Path, published: PublishedWeights) -> None:
    found = _sha256(path)
    if found != published.sha256:
        other = [entry.file for entry in PUBLISHED.values() if entry.sha256 == found]
        what = f"{path} is {other[0]}" if other else f"{path} is not {published.file}"
        raise WeightsError(f"{what}: its SHA-256 is {found}, expected {published.sha256}.")


def _sha256(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error


def _check(
    path: Path, published: PublishedWeights, layers: Sequence[Layer], tensors: Mapping[str, Any]
) -> None:
    """Exactly the tensors of these layers, finite and in float32."""
    for name, value in tensors.items():
        found = value.dtype if isinstance(value, Tensor) else type(value).__name__
        if found != torch.float32:
            raise WeightsError(f"{path} does not fit: {name} is {found}, expected torch.float32.")
    try:
        check_tensors(published.name, expected_shapes(layers), tensors)
    except WeightsError as error:
        raise WeightsError(f"{path} does not fit: {error}") from error


def _made_from(path: Path) -> PublishedWeights:
    """Which published file a converted file says it was made from."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {error}") from error
    for published in PUBLISHED.values():
        if metadata.get("source_sha256") == published.sha256:
            return published
    raise WeightsError(
        f"{path} was not made by this package from a published file: its header names none of "
        f"{', '.join(entry.file for entry in PUBLISHED.values())}."
    )


def _metadata(data: bytes) -> dict[str, str]:
    """The free-text part of a valid safetensors header."""
    length = int.from_bytes(data[:8], "little")
    metadata: dict[str, str] = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    return metadata


def _unwritable(error: OSError, folder: Path) -> WeightsError:
    return WeightsError(
        f"The weights cannot be written to {folder} ({error.strerror or error}): "
        "set MSDS_CACHE to a folder with room that you may write to."
    )
