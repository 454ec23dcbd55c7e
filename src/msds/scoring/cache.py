"""Encodings of files, and a folder that keeps them from one run to the next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from msds.encoding import Encoding
from msds.errors import InputError
from msds.files import atomic_write
from msds.metric.modules import MSDS

FORMAT = "msds-encoding-1"


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

    Parameters
    ----------
    folder : made if it does not exist.
    metric : whose encodings these are; trunk, levels and filter count, the rest does not.
    reading : settings of how files are read.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path, metric: MSDS, reading: Mapping[str, Any]) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{folder}: encodings cannot be kept there ({error.strerror})."
            ) from error
        self._trunk, self._filter = metric.trunk_digest, metric.filter
        self._settings = {
            "format": FORMAT,
            "trunk": metric.trunk_digest,
            "levels": metric.levels,
            "filter": metric.filter,
            "small": metric.small,
            **reading,
        }

    def _path(self, sha256: str) -> Path:
        text = json.dumps({**self._settings, "file": sha256}, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()}.safetensors"

    def find(self, sha256: str) -> Encoded | None:
        """The encoding of the file with this digest, if it is here and whole."""
        path = self._path(sha256)
        try:
            with safe_open(path, "pt") as file:
                about = json.loads(file.metadata()["msds"])
                grams = tuple(file.get_tensor(f"level_{k}") for k in range(about["levels"]))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None  # it is made again, and replaced
        size = about["height"], about["width"]
        encoding = Encoding(grams, tuple(about["positions"]), *size, self._trunk, self._filter)
        return Encoded(encoding, tuple(about["notes"]))

    def keep(self, sha256: str, encoded: Encoded) -> None:
        """Store the encoding of the file with this digest."""
        encoding = encoded.encoding
        about = {
            "levels": encoding.levels,
            "positions": list(encoding.positions),
            "width": encoding.width,
            "height": encoding.height,
            "notes": list(encoded.notes),
        }
        grams = {f"level_{k}": gram.cpu().contiguous() for k, gram in enumerate(encoding.grams)}
        try:
            with atomic_write(self._path(sha256)) as file:
                file.write(save(grams, {"msds": json.dumps(about)}))
        except OSError as error:
            raise InputError(
                f"{self.folder}: encodings cannot be kept there ({error.strerror})."
            ) from error
