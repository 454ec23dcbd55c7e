"""Encodings of files, and a folder that keeps them from one run to the next."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from msds.encoding import Encoding
from msds.errors import InputError, MSDSError
from msds.files import unfinished
from msds.metric.modules import MSDS
from msds.scoring.folders import check_private
from msds.text import printable

FORMAT = "msds-encoding-2"
_HEADER_BYTES = 2**16
"""More than names, sizes and notes of an encoding take."""


@dataclass(frozen=True)
class Encoded:
    """One image, encoded.

    Attributes
    ----------
    encoding : of one image.
    notes : what was done to the image.
    """

    encoding: Encoding
    notes: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the image in pixels."""
        return self.encoding.width, self.encoding.height

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return sum(gram.numel() * gram.element_size() for gram in self.encoding.grams)


class DiskCache:
    """A folder of encodings, by the file's digest and everything that decides its encoding.

    What lies there is used only if it is a regular file that holds what was stored for this very
    image: each has a digest of its content, and shapes and numbers are looked at. Files appear
    whole, under a temporary name at first; what has their name is replaced and never written to.

    Parameters
    ----------
    folder : made if it does not exist; nobody else may write to it.
    metric : whose encodings these are; trunk, levels and filter count, the rest does not.
    reading : settings of how files are read, and of what of them is looked at.

    Raises
    ------
    InputError
        If the folder cannot be written, or others can write to it.
    """

    def __init__(self, folder: Path, metric: MSDS, reading: Mapping[str, Any]) -> None:
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_private(folder, "encodings are not kept there")
        except OSError as error:
            raise self._unusable(error) from error
        self._metric = metric
        self._settings = {
            "format": FORMAT,
            "trunk": metric.trunk_digest,
            "levels": metric.levels,
            "filter": metric.filter,
            "small": metric.small,
            **reading,
        }

    def find(self, sha256: str) -> Encoded | None:
        """The encoding of the file with this digest, if it is here and whole.

        Of an image with a saliency map, the digest is that of both, see `kept_as`.
        """
        key = self._key(sha256)
        try:
            data = self._read(self._path(key))
            about = json.loads(_metadata(data)["msds"])
            grams = tuple(load(data)[f"level_{k}"] for k in range(about["levels"]))
            if about.pop("sha256") != _digest(about, grams) or about["key"] != key:
                return None
            return self._encoded(about, grams)
        except (OSError, SafetensorError, MSDSError, LookupError, TypeError, ValueError):
            return None  # it is made again, and replaced

    def keep(self, sha256: str, encoded: Encoded) -> None:
        """Store the encoding of the file with this digest."""
        encoding, key = encoded.encoding, self._key(sha256)
        grams = [gram.cpu().contiguous() for gram in encoding.grams]
        about: dict[str, Any] = {
            "key": key,
            "levels": encoding.levels,
            "positions": list(encoding.positions),
            "width": encoding.width,
            "height": encoding.height,
            "notes": list(encoded.notes),
        }
        about["sha256"] = _digest(about, grams)
        tensors = {f"level_{k}": gram for k, gram in enumerate(grams)}
        try:
            self._write(self._path(key), save(tensors, {"msds": json.dumps(about)}))
        except OSError as error:
            raise self._unusable(error) from error

    def _key(self, sha256: str) -> str:
        return json.dumps({**self._settings, "file": sha256}, sort_keys=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.safetensors"

    def _encoded(self, about: Mapping[str, Any], grams: Sequence[Tensor]) -> Encoded | None:
        """An encoding of one image by this metric, or None if that is not what was found."""
        height, width, positions = about["height"], about["width"], about["positions"]
        if self._metric.levels_of(height, width) != len(grams) or len(positions) != len(grams):
            return None
        channels = self._metric.trunk.channels
        for gram, count in zip(grams, positions, strict=True):
            if gram.shape != (1, channels, channels) or not gram.is_floating_point():
                return None
            if not (torch.isfinite(gram).all() and isinstance(count, int) and count > 0):
                return None
        trunk, pyramid = self._metric.trunk_digest, self._metric.filter
        masked = "saliency" in self._settings
        encoding = Encoding(tuple(grams), tuple(positions), height, width, trunk, pyramid, masked)
        return Encoded(encoding, tuple(map(str, about["notes"])))

    def _read(self, path: Path) -> bytes:
        """A regular file's bytes, and nothing through a link, of a pipe, or of absurd size."""
        most = self._metric.levels * self._metric.trunk.channels**2 * 8 + _HEADER_BYTES
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode) or state.st_size > most:
                raise ValueError("this is no encoding")
            return file.read()

    def _write(self, path: Path, data: bytes) -> None:
        with unfinished(path) as (descriptor, temporary):
            with open(descriptor, "wb") as file:
                file.write(data)
            temporary.replace(path)

    def _unusable(self, error: OSError) -> InputError:
        return InputError(
            f"{printable(self.folder)}: encodings cannot be kept there ({error.strerror})."
        )


def kept_as(sha256: str, saliency: str | None) -> str:
    """What an image with this digest is called in the cache, and one with a map of that digest."""
    return sha256 if saliency is None else f"{sha256} {saliency}"


def _metadata(data: bytes) -> dict[str, str]:
    """What stands in the header of a safetensors file besides the tensors."""
    length = int.from_bytes(data[:8], "little")
    found: dict[str, str] = json.loads(data[8 : 8 + length])["__metadata__"]
    return found


def _digest(about: Mapping[str, Any], grams: Sequence[Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for gram in grams:
        digest.update(f"{gram.dtype} {tuple(gram.shape)}".encode())
        digest.update(gram.contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()
