"""Published weights made ours: found or fetched, checked, cut to the used layers, loaded strictly.

A published file is opened only after its SHA-256 has been checked, and then as data
(`msds.trunks.weights.sources`). What is kept of it is a safetensors file whose header says where it
comes from and carries a digest of the tensors, which is checked on every load.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from msds.errors import WeightsError
from msds.files import atomic_write
from msds.locks import exclusive
from msds.places import expanded, weights_folder
from msds.trunks.layers import Conv, expected_shapes
from msds.trunks.weights.download import download
from msds.trunks.weights.published import (
    HEADER_ALLOWANCE,
    PUBLISHED,
    Candidate,
    PublishedWeights,
    candidates,
    is_offline,
    published_weights,
)
from msds.trunks.weights.sources import (
    Source,
    check_kept,
    identify,
    kept_layers,
    sha256_of,
    sources_of,
)
from msds.version import __version__

Loaded: TypeAlias = tuple[Path, dict[str, Tensor]]
"""A converted file and what is in it."""

_log = logging.getLogger("msds")


def load_published(name: str, weights: str | os.PathLike[str] | None = None) -> dict[str, Tensor]:
    """The convolutions of a published network up to conv5_1.

    Parameters
    ----------
    name : `"vgg16"` or `"vgg19"`.
    weights : a file that holds them, published or converted; by default they are searched for in
        MSDS_WEIGHTS, the cache, the checkpoints of torch hub and an installed package that brings
        them, then downloaded.

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
    source = expanded(path)
    if not source.is_file():
        raise WeightsError(f"{source} is not a file.")
    if source.suffix == ".safetensors":
        made_from = _made_from(source)
        return _store(read_converted(source, made_from.published), made_from)[0]
    found = sha256_of(source)
    known = _all_sources()
    for entry in known:
        if found == entry.sha256:
            return _store(entry.read(source), entry)[0]
    names = ", ".join(entry.file for entry in known[:-1])
    raise WeightsError(f"{source} is none of {names} and {known[-1].file}: its SHA-256 is {found}.")


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
        identify(source, published)


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
    source = identify(path, published)
    return _cached(published) or _store(source.read(path), source)


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
            fetched = download(published, folder)
            source = sources_of(published)[0]
            stored = _store(source.read(fetched), source)
            fetched.unlink()
            return stored
    except OSError as error:
        raise _unwritable(error, folder) from error


def _store(tensors: dict[str, Tensor], source: Source) -> Loaded:
    """Write the converted file into the cache."""
    published = source.published
    path = weights_folder() / published.converted_file
    metadata = {
        "format": "pt",
        "model": published.name,
        "source_file": source.file,
        "source_sha256": source.sha256,
        "source": source.origin,
        "licence": source.licence,
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


def read_converted(path: Path, published: PublishedWeights) -> dict[str, Tensor]:
    """Read and verify a converted file: provenance, names, shapes, type, digest of the values.

    Raises
    ------
    WeightsError
        If anything is not as it was written.
    """
    layers = kept_layers(published)
    limit = HEADER_ALLOWANCE + 4 * sum(map(math.prod, expected_shapes(layers).values()))
    try:
        # A pipe or a device could be read for ever.
        if path.exists() and not path.is_file():
            raise WeightsError(f"{path} is not a regular file.")
        size = path.stat().st_size
        if size > limit:
            raise WeightsError(f"{path} has {size:,} bytes, expected at most {limit:,}.")
        data = path.read_bytes()
        tensors = safetensors.torch.load(data)
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {error}") from error
    metadata = _metadata(data)
    source = metadata.get("source_sha256", "nothing")
    known = sources_of(published)
    if source not in [entry.sha256 for entry in known]:
        raise WeightsError(
            f"{path} does not hold the {published.name} weights: it was made from "
            f"{metadata.get('source_file', 'an unnamed file')} (SHA-256 {source}), expected "
            f"{' or '.join(f'{entry.file} ({entry.sha256})' for entry in known)}."
        )
    check_kept(path, published, layers, tensors)
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


def _all_sources() -> list[Source]:
    return [source for published in PUBLISHED.values() for source in sources_of(published)]


def _made_from(path: Path) -> Source:
    """Which source a converted file says it was made from."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {error}") from error
    known = _all_sources()
    for source in known:
        if metadata.get("source_sha256") == source.sha256:
            return source
    raise WeightsError(
        f"{path} was not made by this package from a published file: its header names none of "
        f"{', '.join(source.file for source in known)}."
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
